// SPDX-License-Identifier: BSD-3-Clause
// Time: jiffies ticks HZ times a second while a module waits busily, and
// udelay takes about as long as it says.
#include <asm/system.h>
#include <linux/delay.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/sched.h>

#define PATIENCE 400000000UL

/* Waits for the next tick; false if none came for a very long time. */
static int next_tick(void)
{
	unsigned long start = jiffies, n;

	for (n = 0; n < PATIENCE; n++)
		if (jiffies != start)
			return 1;
	return 0;
}

static unsigned long ticks_during_delay(int times)
{
	unsigned long start;

	next_tick();
	start = jiffies;
	while (times--)
		udelay(1000);
	return jiffies - start;
}

int init_module(void)
{
	unsigned long flags, took, start;
	volatile unsigned int usecs = 150;

	save_flags(flags);
	printk("jiffies: HZ %d, interrupts %s\n", HZ, flags & 0x200 ? "on" : "off");
	if (!next_tick()) {
		printk("jiffies: no tick\n");
		return -EIO;
	}
	took = ticks_during_delay(50);
	printk("jiffies: 50 ms took %s\n", took < 20 ? "too short" : took > 200 ? "too long" : "about 26 ticks");
	cli();
	start = jiffies;
	udelay(10000);
	took = jiffies - start;
	restore_flags(flags);
	printk("jiffies: 10 ms without interrupts took %lu ticks\n", took);
	__udelay(usecs);
	printk("jiffies: before and after %s\n",
	       time_after(jiffies, start) && time_before(start, jiffies) ? "hold" : "do not hold");
	return 0;
}

void cleanup_module(void)
{
}

MODULE_LICENSE("Dual BSD/GPL");
EXPORT_NO_SYMBOLS;
