// SPDX-License-Identifier: BSD-3-Clause
// The plain module: a line in the log when it comes, one when it goes, and a
// parameter of each kind that insmod knows.
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/module.h>

char *who = "nobody";
int count = 1;
char tiny = 7;
short small = -300;
long large = 100000;
int list[4] = {1, 2, 3, 4};
short pair[2] = {5, 6};
char *names[3] = {"x", "y", "z"};
char tag[8] = "none";

MODULE_PARM(who, "s");
MODULE_PARM_DESC(who, "whom to greet");
MODULE_PARM(count, "i");
MODULE_PARM_DESC(count, "how many times");
MODULE_PARM(tiny, "b");
MODULE_PARM(small, "h");
MODULE_PARM(large, "l");
MODULE_PARM(list, "1-4i");
MODULE_PARM(pair, "2h");
MODULE_PARM(names, "1-3s");
MODULE_PARM(tag, "c8");

static int __init hello_init(void)
{
	int i;

	for (i = 0; i < count; i++)
		printk("hello: hello, %s\n", who);
	printk(KERN_INFO "hello: tiny %d small %d large %ld tag %s\n", tiny, small, large, tag);
	printk(KERN_INFO "hello: list %d,%d,%d,%d pair %d,%d names %s,%s,%s\n", list[0], list[1],
	       list[2], list[3], pair[0], pair[1], names[0], names[1], names[2]);
	return 0;
}

static void __exit hello_exit(void)
{
	printk("hello: goodbye, %s\n", who);
}

module_init(hello_init);
module_exit(hello_exit);

MODULE_AUTHOR("the ring0 authors");
MODULE_DESCRIPTION("greets, with parameters");
MODULE_LICENSE("GPL");
EXPORT_NO_SYMBOLS;
