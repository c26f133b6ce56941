// SPDX-License-Identifier: BSD-3-Clause
// Every way to user memory with good and bad addresses, as insmod's own process
// sees them: its stack is mapped up to 0xbfffffff, nothing is at 0xdead0, and
// from 0xc0000000 on the limit refuses.
//
// The last 256 bytes of the stack are borrowed for the good cases and restored.
#include <asm/uaccess.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/string.h>

#define TOP 0xc0000000UL
#define BORROWED 256
#define AREA (TOP - BORROWED)
#define HOLE 0xdead0UL

static char saved[BORROWED];
static unsigned char buf[64];

#define SHOW(call, ...) printk("usercopy: " call "\n", __VA_ARGS__)

static void get_each(unsigned long addr)
{
	unsigned char b = 0x55;
	unsigned short h = 0x5555;
	unsigned int w = 0x55555555;
	int eb = get_user(b, (unsigned char *)addr);
	int eh = get_user(h, (unsigned short *)addr);
	int ew = get_user(w, (unsigned int *)addr);

	SHOW("get_user(%08lx) = %d %d %d values %x %x %x", addr, eb, eh, ew, b, h, w);
}

/* Without the check against the limit: the fault alone decides. */
static void get_each_unchecked(unsigned long addr)
{
	unsigned char b = 0x55;
	unsigned short h = 0x5555;
	unsigned int w = 0x55555555;
	int eb = __get_user(b, (unsigned char *)addr);
	int eh = __get_user(h, (unsigned short *)addr);
	int ew = __get_user(w, (unsigned int *)addr);

	SHOW("__get_user(%08lx) = %d %d %d values %x %x %x", addr, eb, eh, ew, b, h, w);
}

static void put_each(unsigned long addr)
{
	int eb = put_user(0x12, (unsigned char *)addr);
	int eh = put_user(0x3456, (unsigned short *)addr);
	int ew = put_user(0x789abcde, (unsigned int *)addr);
	int eq = put_user(0x0123456789abcdefULL, (unsigned long long *)addr);

	SHOW("put_user(%08lx) = %d %d %d %d", addr, eb, eh, ew, eq);
}

static void copy_in(unsigned long from, unsigned long n)
{
	unsigned long left;

	memset(buf, 0x77, sizeof(buf));
	left = copy_from_user(buf, (void *)from, n);
	SHOW("copy_from_user(buf,%08lx,%lu) = %lu buf[0]=%x buf[n-1]=%x buf[n]=%x", from, n, left, buf[0],
	     n ? buf[n - 1] : 0, buf[n]);
}

static void copy_out(unsigned long to, unsigned long n)
{
	SHOW("copy_to_user(%08lx,buf,%lu) = %lu", to, n, copy_to_user((void *)to, buf, n));
}

static void strings(void)
{
	const char *good = (const char *)AREA;

	copy_to_user((void *)AREA, "ring0 strings", 14);
	memset(buf, 0x77, sizeof(buf));
	SHOW("strncpy_from_user(%08lx,64) = %ld \"%s\"", AREA, strncpy_from_user((char *)buf, good, 64), buf);
	memset(buf, 0x77, sizeof(buf));
	SHOW("strncpy_from_user(%08lx,5) = %ld buf[4]=%x buf[5]=%x", AREA,
	     strncpy_from_user((char *)buf, good, 5), buf[4], buf[5]);
	SHOW("strncpy_from_user(%08lx,0) = %ld", AREA, strncpy_from_user((char *)buf, good, 0));
	SHOW("strncpy_from_user(%08lx,8) = %ld", HOLE, strncpy_from_user((char *)buf, (char *)HOLE, 8));
	SHOW("strncpy_from_user(%08lx,8) = %ld", TOP, strncpy_from_user((char *)buf, (char *)TOP, 8));
	SHOW("__strncpy_from_user(%08lx,8) = %ld", HOLE, __strncpy_from_user((char *)buf, (char *)HOLE, 8));
	SHOW("strnlen_user(%08lx,64) = %ld", AREA, strnlen_user(good, 64));
	SHOW("strnlen_user(%08lx,5) = %ld", AREA, strnlen_user(good, 5));
	SHOW("strnlen_user(%08lx,8) = %ld", HOLE, strnlen_user((char *)HOLE, 8));
	SHOW("strnlen_user(%08lx,8) = %ld", TOP, strnlen_user((char *)TOP, 8));
	copy_to_user((void *)(TOP - 8), "12345678", 8);
	SHOW("strnlen_user(%08lx,8) = %ld", TOP - 8, strnlen_user((char *)TOP - 8, 8));
	SHOW("strnlen_user(%08lx,64) = %ld", TOP - 8, strnlen_user((char *)TOP - 8, 64));
	SHOW("strncpy_from_user(%08lx,64) = %ld", TOP - 8,
	     strncpy_from_user((char *)buf, (char *)TOP - 8, 64));
}

static void clearing(void)
{
	unsigned int word = 1;

	SHOW("clear_user(%08lx,13) = %lu", AREA, clear_user((void *)AREA, 13));
	get_user(word, (unsigned int *)(AREA + 8));
	SHOW("word at %08lx after it = %08x", AREA + 8, word);
	SHOW("clear_user(%08lx,16) = %lu", HOLE, clear_user((void *)HOLE, 16));
	SHOW("clear_user(%08lx,16) = %lu", TOP - 8, clear_user((void *)(TOP - 8), 16));
	SHOW("clear_user(%08lx,16) = %lu", TOP, clear_user((void *)TOP, 16));
	SHOW("__clear_user(%08lx,15) = %lu", HOLE, __clear_user((void *)HOLE, 15));
}

/* With the limit moved, kernel addresses pass the same functions. */
static void with_kernel_limit(void)
{
	mm_segment_t limit = get_fs();
	unsigned int word = 0;
	static unsigned int source = 0xcafe;
	int err;

	SHOW("limit %08lx", limit.seg);
	set_fs(KERNEL_DS);
	err = get_user(word, &source);
	SHOW("get_user of a kernel word under KERNEL_DS = %d value %x", err, word);
	SHOW("get_user(deadbeec) under KERNEL_DS = %d", get_user(word, (unsigned int *)0xdeadbeec));
	SHOW("copy_from_user of kernel text under KERNEL_DS = %lu",
	     copy_from_user(buf, (void *)0xc0100000, 16));
	set_fs(limit);
	SHOW("get_user of a kernel word = %d", get_user(word, &source));
}

int init_module(void)
{
	if (copy_from_user(saved, (void *)AREA, BORROWED)) {
		printk("usercopy: no stack below %08lx\n", TOP);
		return -EFAULT;
	}
	put_each(AREA);
	get_each(AREA);
	get_each_unchecked(AREA + 4);
	get_each(0);
	get_each(8);
	get_each(HOLE);
	get_each(TOP - 4);
	get_each(TOP - 3);
	get_each(TOP - 1);
	get_each(TOP);
	get_each(0xc0100000);
	get_each(0xdeadbeef);
	get_each(0xfffffffc);
	get_each(0xffffffff);
	get_each_unchecked(HOLE);
	get_each_unchecked(0xdeadbeec);
	put_each(HOLE);
	put_each(TOP - 4);
	put_each(TOP);
	put_each(0xffffffff);
	copy_to_user((void *)(TOP - 16), "abcdefghijklmno", 16);
	copy_in(TOP - 16, 16);
	copy_in(TOP - 16, 15);
	copy_in(TOP - 8, 16);
	copy_in(HOLE, 16);
	copy_in(HOLE, 0);
	copy_in(0xc0100000, 16);
	copy_in(0xfffffff8, 16);
	copy_out(AREA + 1, 33);
	copy_out(HOLE, 16);
	copy_out(TOP - 8, 16);
	copy_out(TOP, 1);
	copy_out(TOP, 0);
	SHOW("__copy_from_user(buf,%08lx,16) = %lu", HOLE, __copy_from_user(buf, (void *)HOLE, 16));
	SHOW("__copy_to_user(%08lx,buf,16) = %lu", HOLE, __copy_to_user((void *)HOLE, buf, 16));
	SHOW("access_ok(%08lx,16) = %d", TOP - 16, access_ok(VERIFY_READ, (void *)(TOP - 16), 16));
	SHOW("access_ok(%08lx,17) = %d", TOP - 16, access_ok(VERIFY_READ, (void *)(TOP - 16), 17));
	SHOW("verify_area(%08lx,32) = %d", 0xfffffff0UL, verify_area(VERIFY_WRITE, (void *)0xfffffff0, 32));
	strings();
	clearing();
	with_kernel_limit();
	SHOW("restoring = %lu", copy_to_user((void *)AREA, saved, BORROWED));
	return 0;
}

void cleanup_module(void)
{
}

MODULE_LICENSE("Dual BSD/GPL");
EXPORT_NO_SYMBOLS;
