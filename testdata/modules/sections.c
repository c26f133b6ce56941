// SPDX-License-Identifier: BSD-3-Clause
// What an object file can hold beside .text and .data: .text.init, .data.init,
// a cache-aligned section, a section of its own, common symbols, weak symbols,
// an alias, and relocations that add to what they find in place.
#include <linux/kernel.h>
#include <linux/module.h>

int common_word;        /* COMMON: this file is built with -fcommon */
long common_array[100]; /* COMMON, larger, aligned to 32 */

static int big_zero[2000]; /* .bss */
static int aligned[8] __attribute__((section(".data.cacheline_aligned"), aligned(32))) = {11, 12, 13};
static int early[3] __attribute__((section(".data.init"))) = {21, 22, 23};
static int rows[4] __attribute__((section("ring0_rows"))) = {31, 32, 33, 34};
static int *const inside = &rows[2]; /* section symbol + 8 */
static const char *const texts[] = {"zero", "one", "two"};

extern int weak_absent(void) __attribute__((weak));
int weak_present(void) __attribute__((weak));
int weak_present(void)
{
	return 7;
}
int second_name(void) __attribute__((alias("weak_present")));

static int __attribute__((section(".text.init"), noinline)) add_early(void)
{
	return early[0] + early[1] + early[2];
}

int __attribute__((section(".text.init"))) init_module(void)
{
	big_zero[1999] = 5;
	common_word += 3;
	common_array[99] += 4;
	printk("sections: aligned %d to 32: %s, early %d, rows %d, inside %d\n", aligned[2],
	       ((unsigned long)aligned & 31) == 0 ? "yes" : "no", add_early(), rows[3], *inside);
	printk("sections: text %s, bss %d %d, common %d %ld %ld\n", texts[common_word - 1], big_zero[0],
	       big_zero[1999], common_word, common_array[0], common_array[99]);
	printk("sections: weak %s, present %d, alias %d\n", weak_absent ? "there" : "absent",
	       weak_present(), second_name());
	return 0;
}

void __attribute__((section(".text.exit"))) cleanup_module(void)
{
	printk("sections: common %d\n", common_word);
}

MODULE_LICENSE("GPL");
EXPORT_NO_SYMBOLS;
