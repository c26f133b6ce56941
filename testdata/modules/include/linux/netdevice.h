/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Network devices, packets and who wants them: the fields that modules here use, in their real places.
 */
#ifndef _RING0_LINUX_NETDEVICE_H
#define _RING0_LINUX_NETDEVICE_H

#include <linux/module.h>
#include <linux/types.h>

struct net_device_stats {
	unsigned long rx_packets, tx_packets, rx_bytes, tx_bytes;
	char unused_16[76];
};

struct sk_buff;
struct net_device;

struct dev_mc_list {
	struct dev_mc_list *next;
	unsigned char dmi_addr[8];
	unsigned char dmi_addrlen;
	int dmi_users, dmi_gusers;
};

struct ifmap {
	unsigned long mem_start, mem_end;
	unsigned short base_addr;
	unsigned char irq, dma, port;
};

/* What a command on a device is about; the union's members that modules here use. */
struct ifreq {
	char ifr_name[16];
	union {
		unsigned char bytes[16];
		int number;
	} u;
};

struct net_device {
	char name[16];
	unsigned long rmem_end, rmem_start, mem_end, mem_start, base_addr;
	unsigned int irq;
	unsigned char if_port, dma;
	unsigned long state;
	struct net_device *next;
	int (*init)(struct net_device *);
	char unused_56[12];
	struct net_device_stats *(*get_stats)(struct net_device *);
	char unused_72[8];
	unsigned long trans_start, last_rx;
	unsigned short flags;
	char unused_90[6];
	unsigned int mtu;
	unsigned short type, hard_header_len;
	void *priv;
	char unused_108[12];
	unsigned char dev_addr[8];
	unsigned char addr_len;
	struct dev_mc_list *mc_list;
	int mc_count;
	char unused_140[84];
	unsigned long tx_queue_len;
	char unused_228[24];
	int (*open)(struct net_device *);
	int (*stop)(struct net_device *);
	int (*hard_start_xmit)(struct sk_buff *, struct net_device *);
	char unused_264[12];
	void (*set_multicast_list)(struct net_device *);
	int (*set_mac_address)(struct net_device *, void *);
	int (*do_ioctl)(struct net_device *, struct ifreq *, int);
	int (*set_config)(struct net_device *, struct ifmap *);
	char unused_292[8];
	int (*change_mtu)(struct net_device *, int);
	char unused_304[36];
	struct module *owner;
	char unused_344[8];
};

struct sk_buff {
	struct sk_buff *next, *prev;
	void *list;
	void *sk;
	char unused_16[8];
	struct net_device *dev;
	unsigned char *h, *nh, *mac;
	void *dst;
	char cb[48];
	unsigned int len, data_len, csum;
	unsigned char unused_104, cloned, pkt_type, ip_summed;
	unsigned int priority;
	atomic_t users;
	unsigned short protocol, security;
	unsigned int truesize;
	unsigned char *head, *data, *tail, *end;
	void (*destructor)(struct sk_buff *);
	char unused_144[16];
};

struct packet_type {
	unsigned short type;
	struct net_device *dev;
	int (*func)(struct sk_buff *, struct net_device *, struct packet_type *);
	void *data;
	struct packet_type *next;
};

#define IFF_UP 1
#define SIOCDEVPRIVATE 0x89f0

void ether_setup(struct net_device *dev);
int register_netdev(struct net_device *dev);
void unregister_netdev(struct net_device *dev);
void rtnl_lock(void);
void rtnl_unlock(void);
int dev_open(struct net_device *dev);
int dev_close(struct net_device *dev);
void dev_add_pack(struct packet_type *type);
void dev_remove_pack(struct packet_type *type);
int dev_queue_xmit(struct sk_buff *skb);
int netif_rx(struct sk_buff *skb);
unsigned short eth_type_trans(struct sk_buff *skb, struct net_device *dev);
struct sk_buff *alloc_skb(unsigned int size, int gfp);
struct sk_buff *skb_clone(struct sk_buff *skb, int gfp);
struct sk_buff *skb_copy(const struct sk_buff *skb, int gfp);
void __kfree_skb(struct sk_buff *skb);

static inline void kfree_skb(struct sk_buff *skb)
{
	if (--skb->users.counter == 0)
		__kfree_skb(skb);
}

static inline void skb_reserve(struct sk_buff *skb, unsigned int n)
{
	skb->data += n;
	skb->tail += n;
}

static inline unsigned char *skb_put(struct sk_buff *skb, unsigned int n)
{
	unsigned char *at = skb->tail;

	skb->tail += n;
	skb->len += n;
	return at;
}

static inline unsigned char *skb_push(struct sk_buff *skb, unsigned int n)
{
	skb->data -= n;
	skb->len += n;
	return skb->data;
}

#endif
