// SPDX-License-Identifier: BSD-3-Clause
// A network device that says what is done to it: every operation that ioctls on a device reach.
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/notifier.h>
#include <linux/string.h>


int fails; /* what open returns */
MODULE_PARM(fails, "i");

static struct net_device device;
static struct net_device_stats stats;

static int ops_open(struct net_device *dev)
{
	printk("netops: %s open, flags %04x\n", dev->name, dev->flags);
	return fails;
}

static int ops_stop(struct net_device *dev)
{
	printk("netops: %s stop, flags %04x\n", dev->name, dev->flags);
	return 0;
}

static int ops_xmit(struct sk_buff *skb, struct net_device *dev)
{
	printk("netops: %s sends %u bytes\n", dev->name, skb->len);
	kfree_skb(skb);
	return 0;
}

static struct net_device_stats *ops_stats(struct net_device *dev)
{
	(void)dev;
	return &stats;
}

static void ops_multicast(struct net_device *dev)
{
	struct dev_mc_list *entry;

	printk("netops: %s hears, flags %04x, %d groups\n", dev->name, dev->flags, dev->mc_count);
	for (entry = dev->mc_list; entry; entry = entry->next)
		printk("netops: group %02x:%02x:%02x:%02x:%02x:%02x, %d users, %d of them by hand\n", entry->dmi_addr[0],
		       entry->dmi_addr[1], entry->dmi_addr[2], entry->dmi_addr[3], entry->dmi_addr[4], entry->dmi_addr[5],
		       entry->dmi_users, entry->dmi_gusers);
}

static int ops_address(struct net_device *dev, void *address)
{
	unsigned char *new = address;

	printk("netops: %s address %02x:%02x:%02x:%02x:%02x:%02x\n", dev->name, new[2], new[3], new[4], new[5], new[6],
	       new[7]);
	memcpy(dev->dev_addr, new + 2, 6);
	return 0;
}

static int ops_ioctl(struct net_device *dev, struct ifreq *request, int command)
{
	printk("netops: %s command %04x, number %d\n", dev->name, command, request->u.number);
	if (command != SIOCDEVPRIVATE)
		return -EOPNOTSUPP;
	request->u.number += 40;
	return 0;
}

static int ops_config(struct net_device *dev, struct ifmap *map)
{
	printk("netops: %s base %x, irq %d, port %d\n", dev->name, map->base_addr, map->irq, map->port);
	dev->base_addr = 0x300;
	dev->irq = 9;
	return 0;
}

static int ops_mtu(struct net_device *dev, int mtu)
{
	printk("netops: %s mtu %d\n", dev->name, mtu);
	if (mtu > 1500)
		return -EINVAL;
	dev->mtu = mtu;
	return 0;
}

static int heard(struct notifier_block *block, unsigned long event, void *data)
{
	struct net_device *dev = data;

	(void)block;
	printk("netops: event %lu of %s\n", event, dev->name);
	return 0;
}

static struct notifier_block listener = { heard, NULL, 0 };

int register_netdevice_notifier(struct notifier_block *block);
int unregister_netdevice_notifier(struct notifier_block *block);

int init_module(void)
{
	int error;

	strcpy(device.name, "ops%d");
	ether_setup(&device);
	memcpy(device.dev_addr, "\x02ring0", 6);
	device.open = ops_open;
	device.stop = ops_stop;
	device.hard_start_xmit = ops_xmit;
	device.get_stats = ops_stats;
	device.set_multicast_list = ops_multicast;
	device.set_mac_address = ops_address;
	device.do_ioctl = ops_ioctl;
	device.set_config = ops_config;
	device.change_mtu = ops_mtu;
	device.owner = THIS_MODULE;
	register_netdevice_notifier(&listener);
	error = register_netdev(&device);
	if (error)
		unregister_netdevice_notifier(&listener);
	printk("netops: register_netdev says %d\n", error);
	return error;
}

void cleanup_module(void)
{
	unregister_netdev(&device);
	unregister_netdevice_notifier(&listener);
	printk("netops: gone\n");
}

MODULE_LICENSE("Dual BSD/GPL");
