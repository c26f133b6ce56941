// SPDX-License-Identifier: BSD-3-Clause
// A net device, loop0: what is sent is counted, and comes back when it is not
// for everybody. Of the kernel's structures only the fields used are named, by
// their places.
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#define DEV_SIZE 352
#define STATS_WORDS 23

struct net_device {
	char name[16];
	char unused_16[52];
	void *(*get_stats)(struct net_device *dev);
	char unused_72[180];
	int (*open)(struct net_device *dev);
	int (*stop)(struct net_device *dev);
	int (*hard_start_xmit)(void *skb, struct net_device *dev);
	char unused_264[76];
	struct module *owner;
	char unused_344[8];
};

struct sk_buff {
	char unused_0[24];
	struct net_device *dev;
	char unused_28[64];
	unsigned int len;
	char unused_96[20];
	unsigned short protocol;
	char unused_118[10];
	unsigned char *data;
};

_Static_assert(sizeof(struct net_device) == DEV_SIZE, "struct net_device");

int register_netdev(struct net_device *dev);
void unregister_netdev(struct net_device *dev);
void ether_setup(struct net_device *dev);
unsigned short eth_type_trans(struct sk_buff *skb, struct net_device *dev);
int netif_rx(struct sk_buff *skb);
void __kfree_skb(struct sk_buff *skb);

static struct net_device *dev;
static unsigned long stats[STATS_WORDS]; /* rx_packets, tx_packets, rx_bytes, tx_bytes, … */

static int loop_open(struct net_device *d)
{
	printk("netloop: %s up\n", d->name);
	return 0;
}

static int loop_stop(struct net_device *d)
{
	printk("netloop: %s down\n", d->name);
	return 0;
}

static int loop_xmit(void *packet, struct net_device *d)
{
	struct sk_buff *skb = packet;
	int all = skb->data[0] & 1;

	stats[1]++;
	stats[3] += skb->len;
	if (all) {
		__kfree_skb(skb);
		return 0;
	}
	stats[0]++;
	stats[2] += skb->len;
	skb->dev = d;
	skb->protocol = eth_type_trans(skb, d);
	netif_rx(skb);
	return 0;
}

static void *loop_stats(struct net_device *d)
{
	(void)d;
	return stats;
}

int init_module(void)
{
	int err;

	dev = kmalloc(sizeof(*dev), GFP_KERNEL);
	if (!dev)
		return -ENOMEM;
	memset(dev, 0, sizeof(*dev));
	memcpy(dev->name, "loop%d", 7);
	ether_setup(dev);
	dev->open = loop_open;
	dev->stop = loop_stop;
	dev->hard_start_xmit = loop_xmit;
	dev->get_stats = loop_stats;
	dev->owner = THIS_MODULE;
	err = register_netdev(dev);
	if (err)
		kfree(dev);
	return err;
}

void cleanup_module(void)
{
	unregister_netdev(dev);
	kfree(dev);
}

MODULE_LICENSE("Dual BSD/GPL");
EXPORT_NO_SYMBOLS;
