// SPDX-License-Identifier: BSD-3-Clause
// Two terminals, ttyT0 and ttyT1: what is typed at them is what the parameter says, ^X for a control character, | for a pause
// of a tick, ! for a hang-up; it begins some ticks after the first open. What is sent to them is logged line by line.
#include <asm/uaccess.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/timer.h>
#include <linux/tty.h>

#define LINES 2
#define ROOM 64

char *typed = "";
MODULE_PARM(typed, "s");
int raw;
MODULE_PARM(raw, "i");

static struct tty_struct *table[LINES];
static struct termios *termios[LINES], *termios_locked[LINES];
static int refcount, sent, next;
static char line[ROOM];
static struct timer_list typist;

static void flush(void)
{
	line[sent] = 0;
	printk("ttyline: sent \"%s\"\n", line);
	sent = 0;
}

static void send(unsigned char c)
{
	if (sent > ROOM - 5)
		flush();
	if (c >= ' ' && c < 127)
		line[sent++] = c;
	else
		sent += sprintf(line + sent, "<%02x>", c);
	if (c == '\n')
		flush();
}

static void type(unsigned long data)
{
	struct tty_struct *tty = (struct tty_struct *)data;

	for (; typed[next]; next++) {
		int c = typed[next];

		if (c == '|' || c == '!')
			break;
		if (c == '^')
			c = typed[++next] & 0x1f;
		tty_insert_flip_char(tty, c, TTY_NORMAL);
	}
	tty_flip_buffer_push(tty);
	if (!typed[next])
		return;
	if (typed[next++] == '!') {
		printk("ttyline: hanging up\n");
		tty_hangup(tty);
	}
	mod_timer(&typist, jiffies + 2);
}

static int ttyline_open(struct tty_struct *tty, struct file *file)
{
	MOD_INC_USE_COUNT;
	printk("ttyline: open %d, %d baud, %d users\n", MINOR(tty->device), tty_get_baud_rate(tty), tty->count);
	if (MINOR(tty->device) == 1)
		return -EIO;
	if (typed[next] && !timer_pending(&typist)) {
		typist.data = (unsigned long)tty;
		mod_timer(&typist, jiffies + 2);
	}
	return tty_hung_up_p(file) ? -EAGAIN : 0;
}

static void ttyline_close(struct tty_struct *tty, struct file *file)
{
	if (sent)
		flush();
	printk("ttyline: close %d, %d users, hung up %d\n", MINOR(tty->device), tty->count, tty_hung_up_p(file));
	if (tty->count == 1)
		del_timer(&typist);
	MOD_DEC_USE_COUNT;
}

static int ttyline_write(struct tty_struct *tty, int from_user, const unsigned char *buf, int count)
{
	int i;

	(void)tty;
	for (i = 0; i < count; i++) {
		unsigned char c = buf[i];

		if (from_user && copy_from_user(&c, buf + i, 1))
			return i ? i : -EFAULT;
		send(c);
	}
	return count;
}

static int ttyline_write_room(struct tty_struct *tty)
{
	(void)tty;
	return ROOM;
}

static int ttyline_chars_in_buffer(struct tty_struct *tty)
{
	(void)tty;
	return 0;
}

static int ttyline_ioctl(struct tty_struct *tty, struct file *file, unsigned int cmd, unsigned long arg)
{
	(void)tty;
	(void)file;
	printk("ttyline: ioctl %x %lx\n", cmd, arg);
	return cmd == 0x5678 ? 7 : -ENOIOCTLCMD;
}

static void ttyline_set_termios(struct tty_struct *tty, struct termios *old)
{
	printk("ttyline: lflag %o, was %o\n", tty->termios->c_lflag, old->c_lflag);
}

static void ttyline_hangup(struct tty_struct *tty)
{
	printk("ttyline: hung up %d\n", MINOR(tty->device));
}

static int ttyline_read_proc(char *page, char **start, off_t offset, int count, int *eof, void *data)
{
	struct tty_driver *driver = data;

	(void)start;
	(void)offset;
	(void)count;
	*eof = 1;
	return sprintf(page, "%s: %d lines, %d in use\n", driver->driver_name, driver->num, *driver->refcount);
}

static struct tty_driver driver = {
	.magic = TTY_DRIVER_MAGIC,
	.driver_name = "ttyline",
	.name = "ttyT",
	.major = 240,
	.num = LINES,
	.type = TTY_DRIVER_TYPE_SERIAL,
	.subtype = SERIAL_TYPE_NORMAL,
	.flags = TTY_DRIVER_REAL_RAW,
	.refcount = &refcount,
	.table = table,
	.termios = termios,
	.termios_locked = termios_locked,
	.open = ttyline_open,
	.close = ttyline_close,
	.write = ttyline_write,
	.write_room = ttyline_write_room,
	.chars_in_buffer = ttyline_chars_in_buffer,
	.ioctl = ttyline_ioctl,
	.set_termios = ttyline_set_termios,
	.hangup = ttyline_hangup,
	.read_proc = ttyline_read_proc,
};

int init_module(void)
{
	init_timer(&typist);
	typist.function = type;
	driver.init_termios = tty_std_termios;
	if (raw) {
		driver.init_termios.c_iflag = 0;
		driver.init_termios.c_oflag = 0;
		driver.init_termios.c_lflag = 0;
	}
	return tty_register_driver(&driver);
}

void cleanup_module(void)
{
	printk("ttyline: tty_unregister_driver = %d\n", tty_unregister_driver(&driver));
}

MODULE_LICENSE("Dual BSD/GPL");
