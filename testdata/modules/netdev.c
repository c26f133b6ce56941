// SPDX-License-Identifier: BSD-3-Clause
// A network device that gets back what it sends, and a protocol that listens: buffers, queues, the way up and down.
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/slab.h>
#include <linux/string.h>

#define PROTOCOL 0xb588 /* 0x88b5 in network order: for experiments */

static struct net_device device;
static struct net_device_stats stats;
static int opened, heard;

static int netdev_open(struct net_device *dev)
{
	opened++;
	printk("netdev: %s opened\n", dev->name);
	return 0;
}

static int netdev_stop(struct net_device *dev)
{
	printk("netdev: %s stopped\n", dev->name);
	return 0;
}

static int netdev_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct sk_buff *copy = skb_copy(skb, GFP_ATOMIC);

	stats.tx_packets++;
	stats.tx_bytes += skb->len;
	printk("netdev: %s sends %u bytes of %04x\n", dev->name, skb->len, skb->protocol);
	kfree_skb(skb);
	if (!copy)
		return 0;
	stats.rx_packets++;
	stats.rx_bytes += copy->len;
	copy->dev = dev;
	copy->protocol = eth_type_trans(copy, dev);
	printk("netdev: netif_rx says %d\n", netif_rx(copy));
	return 0;
}

static struct net_device_stats *netdev_stats(struct net_device *dev)
{
	(void)dev;
	return &stats;
}

static int listen(struct sk_buff *skb, struct net_device *dev, struct packet_type *type)
{
	(void)type;
	heard++;
	printk("netdev: heard \"%.5s\" (%u bytes, kind %u) on %s\n", (char *)skb->data, skb->len, skb->pkt_type,
	       dev->name);
	kfree_skb(skb);
	return 0;
}

static struct packet_type protocol = { PROTOCOL, NULL, listen, (void *)1, NULL };

static int send(void)
{
	struct sk_buff *skb = alloc_skb(100, GFP_KERNEL), *clone;
	unsigned char *header;

	if (!skb)
		return -ENOMEM;
	printk("netdev: room %d, users %d, truesize %u\n", (int)(skb->end - skb->head), skb->users.counter,
	       skb->truesize);
	skb_reserve(skb, 16);
	memcpy(skb_put(skb, 5), "hello", 5);
	header = skb_push(skb, 14);
	memcpy(header, device.dev_addr, 6);
	memcpy(header + 6, device.dev_addr, 6);
	header[12] = 0x88;
	header[13] = 0xb5;
	skb->dev = &device;
	skb->protocol = PROTOCOL;
	clone = skb_clone(skb, GFP_KERNEL);
	printk("netdev: clone shares %d, cloned %u %u\n", clone->data == skb->data, skb->cloned, clone->cloned);
	kfree_skb(clone);
	return dev_queue_xmit(skb);
}

int init_module(void)
{
	int error;

	strcpy(device.name, "ring%d");
	ether_setup(&device);
	memcpy(device.dev_addr, "\x02ring0", 6);
	device.open = netdev_open;
	device.stop = netdev_stop;
	device.hard_start_xmit = netdev_xmit;
	device.get_stats = netdev_stats;
	device.owner = THIS_MODULE;
	error = register_netdev(&device);
	if (error)
		return error;
	dev_add_pack(&protocol);
	printk("netdev: down, xmit says %d\n", send());
	rtnl_lock();
	error = dev_open(&device);
	rtnl_unlock();
	printk("netdev: dev_open says %d, flags %04x\n", error, device.flags);
	printk("netdev: up, xmit says %d\n", send());
	printk("netdev: heard %d\n", heard);
	rtnl_lock();
	dev_close(&device);
	rtnl_unlock();
	return 0;
}

void cleanup_module(void)
{
	dev_remove_pack(&protocol);
	unregister_netdev(&device);
	printk("netdev: gone, heard %d\n", heard);
}

MODULE_LICENSE("Dual BSD/GPL");
