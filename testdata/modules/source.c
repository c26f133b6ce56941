// SPDX-License-Identifier: BSD-3-Clause
// For the debugger's tests: types, variables and calls of every kind that debug
// information describes. Built with DWARF 2 to 5 and with stabs; `crash=1`
// ends in an oops four calls deep, `timer=1` calls back from an interrupt.
#include <asm/system.h>
#include <asm/uaccess.h>
#include <linux/errno.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/timer.h>

int crash;
int timer;
MODULE_PARM(crash, "i");
MODULE_PARM(timer, "i");

enum colour { RED, GREEN = 5, BLUE = -2 };

typedef unsigned short port_t;

struct point {
	int x, y;
};

struct shape {
	const char *name;
	enum colour colour;
	struct point corner[3];
	unsigned visible : 1, layer : 5;
	int offset : 10;
	union {
		long whole;
		char bytes[4];
	} u;
	int (*area)(struct shape *, int);
	struct shape *next;
	struct list_head link;
	port_t port;
	unsigned char raw[6];
	long long big;
	signed char tiny;
};

static int area(struct shape *s, int scale);

struct shape triangle = {
	"triangle", GREEN, { { 1, 2 }, { 3, 4 }, { -5, 6 } }, 1, 17, -3, { 0x41424344 }, area, 0, { 0, 0 },
	0x3f8, { 1, 2, 3, 4, 5, 6 }, 0x123456789abcdefLL, -7,
};
struct shape *shapes[4] = { &triangle };
static int counter = 3;
static int matrix[2][3] = { { 1, 2, 3 }, { 4, 5, 6 } };
char label[16] = "label";
static struct timer_list ticker;
volatile int fired;
int (*compare)(struct shape *, int) = area;

static inline int clamp(int v, int limit)
{
	int over = v - limit;

	if (over > 0) {
		counter++;
		return limit;
	}
	return v;
}

static __attribute__((noinline)) int area(struct shape *s, int scale)
{
	int i, sum = 0;

	for (i = 0; i < 3; i++) {
		int product = s->corner[i].x * s->corner[i].y;

		sum += clamp(product * scale, 100);
	}
	return sum;
}

static __attribute__((noinline)) int factorial(int n)
{
	if (n <= 1)
		return 1;
	return n * factorial(n - 1);
}

static __attribute__((noinline)) int poke(struct shape *s, int value)
{
	static int pokes;

	pokes++;
	s->tiny = value;
	return s->corner[1].x + pokes;
}

static __attribute__((noinline)) int deeper(struct shape *s, int a, int b, int c)
{
	int result = poke(s, a + b) + c;

	return result * 2;
}

static __attribute__((noinline)) void on_timer(unsigned long data)
{
	struct shape *s = (struct shape *)data;

	fired += s->area(s, 2);
}

int __init init_module(void)
{
	struct shape *nothing = NULL;
	int sum;

	__asm__("" : "+r"(nothing)); /* the compiler must not see that it is null */
	sum = triangle.area(&triangle, 3) + factorial(5) + matrix[1][2];
	printk("source: sum %d, counter %d\n", sum, counter);
	if (timer) {
		init_timer(&ticker);
		ticker.function = on_timer;
		ticker.data = (unsigned long)&triangle;
		ticker.expires = jiffies + 2;
		add_timer(&ticker);
		while (!fired)
			schedule();
		printk("source: fired %d\n", fired);
	}
	if (crash)
		sum += deeper(nothing, sum, 2, 3);
	sum += deeper(&triangle, 1, 2, 3);
	printk("source: deeper %d\n", sum);
	return 0;
}

void __exit cleanup_module(void)
{
	printk("source: label %s\n", label);
}

MODULE_LICENSE("Dual BSD/GPL");
