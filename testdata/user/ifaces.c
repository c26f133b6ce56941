// SPDX-License-Identifier: BSD-3-Clause
// Network devices through a socket: ifaces DEVICE. Every ioctl that ifconfig and its like make, right ones and wrong ones.
#include "user.h"

#define NR_SOCKETCALL 102

#define SIOCGIFNAME 0x8910
#define SIOCGIFCONF 0x8912
#define SIOCGIFFLAGS 0x8913
#define SIOCSIFFLAGS 0x8914
#define SIOCGIFADDR 0x8915
#define SIOCSIFADDR 0x8916
#define SIOCGIFDSTADDR 0x8917
#define SIOCSIFDSTADDR 0x8918
#define SIOCGIFBRDADDR 0x8919
#define SIOCSIFBRDADDR 0x891a
#define SIOCGIFNETMASK 0x891b
#define SIOCSIFNETMASK 0x891c
#define SIOCGIFMETRIC 0x891d
#define SIOCSIFMETRIC 0x891e
#define SIOCGIFMEM 0x891f
#define SIOCGIFMTU 0x8921
#define SIOCSIFMTU 0x8922
#define SIOCSIFNAME 0x8923
#define SIOCSIFHWADDR 0x8924
#define SIOCGIFHWADDR 0x8927
#define SIOCADDMULTI 0x8931
#define SIOCDELMULTI 0x8932
#define SIOCGIFINDEX 0x8933
#define SIOCGIFTXQLEN 0x8942
#define SIOCSIFTXQLEN 0x8943
#define SIOCETHTOOL 0x8946
#define SIOCGMIIPHY 0x8947
#define SIOCGIFMAP 0x8970
#define SIOCSIFMAP 0x8971
#define SIOCDEVPRIVATE 0x89f0
#define SIOCGIWNAME 0x8b01
#define SIOCSIWESSID 0x8b1a
#define SIOCINQ 0x541b
#define SIOCGSTAMP 0x8906

#define UP 1
#define PROMISC 0x100
#define ALLMULTI 0x200

struct ifreq {
	char name[16];
	union {
		unsigned char bytes[16];
		unsigned short flags;
		int number;
		struct {
			unsigned short family, port;
			unsigned char ip[4];
		} sin;
		char newname[16];
	} u;
};

static const char *device;
static int sock;

static void clear(void *to, unsigned n)
{
	unsigned char *p = to;

	while (n--)
		*p++ = 0;
}

static void copy(char *to, const char *from)
{
	while ((*to++ = *from++))
		;
}

static long net(long number, long a, long b, long c, long d, long e, long f)
{
	long args[6] = {a, b, c, d, e, f};

	return CALL(NR_SOCKETCALL, number, args, 0, 0);
}

/* One ioctl on the device. */
static long control(const char *what, unsigned cmd, struct ifreq *r)
{
	long result = CALL(NR_IOCTL, sock, cmd, r, 0);

	put(what);
	put(" = ");
	put_number(result);
	return result;
}

static void fresh(struct ifreq *r)
{
	clear(r, sizeof(*r));
	copy(r->name, device);
}

static void bytes(const unsigned char *b, int n)
{
	put(":");
	while (n--) {
		put(" ");
		put_number(*b++);
	}
}

static void get_bytes(const char *what, unsigned cmd, int n)
{
	struct ifreq r;

	fresh(&r);
	if (control(what, cmd, &r) == 0)
		bytes(r.u.bytes, n);
	put("\n");
}

static void get_number(const char *what, unsigned cmd)
{
	struct ifreq r;

	fresh(&r);
	if (control(what, cmd, &r) == 0) {
		put(": ");
		put_number(r.u.number);
	}
	put("\n");
}

static void set_number(const char *what, unsigned cmd, int number)
{
	struct ifreq r;

	fresh(&r);
	r.u.number = number;
	control(what, cmd, &r);
	put("\n");
}

static void address(const char *what, unsigned cmd, const char *name, unsigned ip)
{
	struct ifreq r;

	clear(&r, sizeof(r));
	copy(r.name, name);
	r.u.sin.family = 2;
	r.u.sin.ip[0] = ip >> 24;
	r.u.sin.ip[1] = ip >> 16;
	r.u.sin.ip[2] = ip >> 8;
	r.u.sin.ip[3] = ip;
	control(what, cmd, &r);
	put("\n");
}

static void flags(const char *what)
{
	struct ifreq r;

	fresh(&r);
	if (control(what, SIOCGIFFLAGS, &r) == 0) {
		put(": ");
		put_hex(r.u.flags);
	}
	put("\n");
}

static void change(const char *what, unsigned on, unsigned off)
{
	struct ifreq r;

	fresh(&r);
	CALL(NR_IOCTL, sock, SIOCGIFFLAGS, &r, 0);
	r.u.flags = (r.u.flags | on) & ~off;
	control(what, SIOCSIFFLAGS, &r);
	put("\n");
	flags("flags");
}

static void conf(const char *what)
{
	struct ifreq all[4];
	struct {
		int length;
		void *buffer;
	} c = {0, 0};
	int i;

	put_result(what, CALL(NR_IOCTL, sock, SIOCGIFCONF, &c, 0));
	put_result("length", c.length);
	c.length = sizeof(all);
	c.buffer = all;
	CALL(NR_IOCTL, sock, SIOCGIFCONF, &c, 0);
	for (i = 0; i < c.length / (int)sizeof(all[0]); i++) {
		put(all[i].name);
		bytes(all[i].u.bytes, 8);
		put("\n");
	}
}

static void sockets(void)
{
	int wrong[3];

	put_result("socket of no family", net(1, 99, 2, 0, 0, 0, 0));
	put_result("socket of a family without a module", net(1, 30, 2, 0, 0, 0, 0));
	put_result("socket of no type", net(1, 2, 99, 0, 0, 0, 0));
	put_result("socket of a type without protocol", net(1, 2, 4, 0, 0, 0, 0));
	put_result("datagrams of TCP", net(1, 2, 2, 6, 0, 0, 0));
	put_result("call 0", CALL(NR_SOCKETCALL, 0, wrong, 0, 0));
	put_result("call 18", CALL(NR_SOCKETCALL, 18, wrong, 0, 0));
	put_result("bad arguments", CALL(NR_SOCKETCALL, 1, 4, 0, 0));
	put_result("bind of no socket", net(2, 1, 0, 0, 0, 0, 0));
	put_result("bind of nothing", net(2, 30, 0, 0, 0, 0, 0));
	sock = net(1, 2, 2, 0, 0, 0, 0);
	put_result("socket", sock);
	put_result("listen", net(4, sock, 1, 0, 0, 0, 0));
	put_result("accept", net(5, sock, 0, 0, 0, 0, 0));
	put_result("bind of a long address", net(2, sock, 0, 129, 0, 0, 0));
	put_result("bind of a bad address", net(2, sock, 4, 16, 0, 0, 0));
	put_result("seek", CALL(NR_LSEEK, sock, 0, 0, 0));
	put_result("read of nothing", CALL(NR_READ, sock, 0, 0, 0));
	put_result("waiting", CALL(NR_IOCTL, sock, SIOCINQ, wrong, 0));
	put_result("bytes", wrong[0]);
	put_result("last packet", CALL(NR_IOCTL, sock, SIOCGSTAMP, wrong, 0));
}

static void look(void)
{
	struct ifreq r;

	get_bytes("hardware address", SIOCGIFHWADDR, 10);
	get_number("mtu", SIOCGIFMTU);
	get_number("queue", SIOCGIFTXQLEN);
	get_number("metric", SIOCGIFMETRIC);
	get_number("memory", SIOCGIFMEM);
	get_bytes("map", SIOCGIFMAP, 13);
	fresh(&r);
	control("index", SIOCGIFINDEX, &r);
	put("\n");
	copy(r.name, "?");
	if (control("name of it", SIOCGIFNAME, &r) == 0) {
		put(": ");
		put(r.name);
	}
	put("\n");
	r.u.number = 1000;
	control("name of 1000", SIOCGIFNAME, &r);
	put("\n");
	flags("flags");
	put_result("bad pointer", CALL(NR_IOCTL, sock, SIOCGIFFLAGS, 4, 0));
	put_result("unknown command", CALL(NR_IOCTL, sock, 0x89e0, &r, 0));
	copy(r.name, "none0");
	control("no such device", SIOCGIFFLAGS, &r);
	put("\n");
}

static void set(void)
{
	struct ifreq r;

	set_number("metric", SIOCSIFMETRIC, 1);
	set_number("mtu of 1000", SIOCSIFMTU, 1000);
	get_number("mtu", SIOCGIFMTU);
	set_number("mtu below 0", SIOCSIFMTU, -1);
	set_number("mtu of 100000", SIOCSIFMTU, 100000);
	set_number("mtu of 1500", SIOCSIFMTU, 1500);
	set_number("queue of 5", SIOCSIFTXQLEN, 5);
	set_number("queue of -5", SIOCSIFTXQLEN, -5);
	get_number("queue", SIOCGIFTXQLEN);
	set_number("map", SIOCSIFMAP, 0);
	fresh(&r);
	r.u.flags = 77;
	control("hardware address of another type", SIOCSIFHWADDR, &r);
	put("\n");
	fresh(&r);
	CALL(NR_IOCTL, sock, SIOCGIFHWADDR, &r, 0);
	r.u.bytes[7]++;
	control("hardware address", SIOCSIFHWADDR, &r);
	put("\n");
	get_bytes("hardware address", SIOCGIFHWADDR, 10);
	fresh(&r);
	copy(r.u.newname, "lo");
	control("name that is taken", SIOCSIFNAME, &r);
	put("\n");
	get_number("private", SIOCDEVPRIVATE);
	set_number("private 15", SIOCDEVPRIVATE + 15, 4711);
	get_number("ethtool", SIOCETHTOOL);
	get_number("mii", SIOCGMIIPHY);
	get_number("wireless name", SIOCGIWNAME);
	get_number("wireless network", SIOCSIWESSID);
}

static void multicast(void)
{
	struct ifreq r;

	fresh(&r);
	r.u.bytes[2] = 1;
	r.u.bytes[7] = 9;
	control("add", SIOCADDMULTI, &r);
	control(", again", SIOCADDMULTI, &r);
	control(", delete", SIOCDELMULTI, &r);
	control(", again", SIOCDELMULTI, &r);
	r.u.flags = 1;
	control(", of a family", SIOCADDMULTI, &r);
	put("\n");
}

static void addresses(void)
{
	char alias[20];
	int i;

	address("address before", SIOCGIFADDR, device, 0);
	address("mask before", SIOCSIFNETMASK, device, 0xffffff00);
	conf("all");
	address("multicast", SIOCSIFADDR, device, 0xe0000001);
	address("class A", SIOCSIFADDR, device, 0x0a010203);
	get_bytes("mask", SIOCGIFNETMASK, 8);
	address("class B", SIOCSIFADDR, device, 0xac100001);
	get_bytes("mask", SIOCGIFNETMASK, 8);
	address("class C", SIOCSIFADDR, device, 0xc0a80105);
	address("again", SIOCSIFADDR, device, 0xc0a80105);
	get_bytes("address", SIOCGIFADDR, 8);
	get_bytes("mask", SIOCGIFNETMASK, 8);
	get_bytes("broadcast", SIOCGIFBRDADDR, 8);
	get_bytes("other end", SIOCGIFDSTADDR, 8);
	address("mask with a hole", SIOCSIFNETMASK, device, 0xff00ff00);
	address("longer mask", SIOCSIFNETMASK, device, 0xfffffff0);
	get_bytes("mask", SIOCGIFNETMASK, 8);
	address("broadcast", SIOCSIFBRDADDR, device, 0xc0a8010f);
	get_bytes("broadcast", SIOCGIFBRDADDR, 8);
	address("other end", SIOCSIFDSTADDR, device, 0xc0a80106);
	get_bytes("other end", SIOCGIFDSTADDR, 8);
	for (i = 0; device[i]; i++)
		alias[i] = device[i];
	alias[i] = ':';
	alias[i + 1] = '1';
	alias[i + 2] = 0;
	address("alias", SIOCSIFADDR, alias, 0xc0a80205);
	address("address of the alias", SIOCGIFADDR, alias, 0);
	address("no address of the alias", SIOCGIFADDR, "lo:7", 0);
	conf("all");
}

static void aliases_go(void)
{
	char alias[20];
	int i;

	for (i = 0; device[i]; i++)
		alias[i] = device[i];
	alias[i] = ':';
	alias[i + 1] = '1';
	alias[i + 2] = 0;
	address("alias down", SIOCSIFFLAGS, alias, 0);
	conf("all");
	address("address 0", SIOCSIFADDR, device, 0);
	conf("all");
}

static void as_nobody(void)
{
	struct ifreq r;
	long child = fork();

	if (child == 0) {
		CALL(NR_SETUID, 500, 0, 0, 0);
		flags("flags for all");
		set_number("mtu for nobody", SIOCSIFMTU, 1200);
		fresh(&r);
		control("flags for nobody", SIOCSIFFLAGS, &r);
		put("\n");
		get_number("ethtool for nobody", SIOCETHTOOL);
		get_number("private for all", SIOCDEVPRIVATE);
		copy(r.name, "none0");
		control("no such device", SIOCGIFFLAGS, &r);
		put("\n");
		put_result("raw socket for nobody", net(1, 2, 3, 1, 0, 0, 0));
		leave(0);
	}
	put_status("status", child);
}

int run(int *stack)
{
	char **argv = (char **)(stack + 1);

	device = stack[0] > 1 ? argv[1] : "lo";
	sockets();
	look();
	set();
	change("up", UP, 0);
	multicast();
	addresses();
	change("promiscuous", PROMISC, 0);
	change("and all multicast", ALLMULTI, 0);
	change("neither", 0, PROMISC | ALLMULTI);
	change("down", 0, UP);
	change("up", UP, 0);
	set_number("mtu for no IP", SIOCSIFMTU, 67);
	conf("all");
	aliases_go();
	as_nobody();
	change("down", 0, UP);
	put_result("close", CALL(NR_CLOSE, sock, 0, 0, 0));
	put_result("closed", CALL(NR_IOCTL, sock, SIOCGIFCONF, 0, 0));
	return 0;
}
