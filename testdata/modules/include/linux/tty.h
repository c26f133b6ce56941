/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Terminals and their drivers: the fields that modules here use, in their real places.
 */
#ifndef _RING0_LINUX_TTY_H
#define _RING0_LINUX_TTY_H

#include <asm/semaphore.h>
#include <linux/fs.h>
#include <linux/tqueue.h>
#include <linux/types.h>

#define TTY_FLIPBUF_SIZE 512
#define TTY_NORMAL 0
#define TTY_BREAK 1
#define TTY_PARITY 3
#define TTY_OVERRUN 4
#define TTY_DRIVER_MAGIC 0x5402
#define TTY_DRIVER_RESET_TERMIOS 2
#define TTY_DRIVER_REAL_RAW 4
#define TTY_DRIVER_NO_DEVFS 8
#define TTY_DRIVER_TYPE_SERIAL 3
#define SERIAL_TYPE_NORMAL 1
#define ENOIOCTLCMD 515

struct termios {
	unsigned int c_iflag, c_oflag, c_cflag, c_lflag;
	unsigned char c_line, c_cc[19];
};

struct tty_struct;
struct proc_dir_entry;

struct tty_driver {
	int magic;
	const char *driver_name, *name;
	int name_base;
	short major, minor_start, num, type, subtype;
	struct termios init_termios;
	int flags, *refcount;
	struct proc_dir_entry *proc_entry;
	struct tty_driver *other;
	struct tty_struct **table;
	struct termios **termios, **termios_locked;
	void *driver_state;
	int (*open)(struct tty_struct *, struct file *);
	void (*close)(struct tty_struct *, struct file *);
	int (*write)(struct tty_struct *, int, const unsigned char *, int);
	void (*put_char)(struct tty_struct *, unsigned char);
	void (*flush_chars)(struct tty_struct *);
	int (*write_room)(struct tty_struct *);
	int (*chars_in_buffer)(struct tty_struct *);
	int (*ioctl)(struct tty_struct *, struct file *, unsigned int, unsigned long);
	void (*set_termios)(struct tty_struct *, struct termios *);
	void (*throttle)(struct tty_struct *);
	void (*unthrottle)(struct tty_struct *);
	void (*stop)(struct tty_struct *);
	void (*start)(struct tty_struct *);
	void (*hangup)(struct tty_struct *);
	void (*break_ctl)(struct tty_struct *, int);
	void (*flush_buffer)(struct tty_struct *);
	void (*set_ldisc)(struct tty_struct *);
	void (*wait_until_sent)(struct tty_struct *, int);
	void (*send_xchar)(struct tty_struct *, char);
	int (*read_proc)(char *, char **, off_t, int, int *, void *);
	int (*write_proc)(struct file *, const char *, unsigned long, void *);
	struct tty_driver *next, *prev;
};

struct tty_flip_buffer {
	struct tq_struct tqueue;
	struct semaphore pty_sem;
	char *char_buf_ptr;
	unsigned char *flag_buf_ptr;
	int count, buf_num;
	unsigned char char_buf[2 * TTY_FLIPBUF_SIZE];
	char flag_buf[2 * TTY_FLIPBUF_SIZE];
	unsigned char slop[4];
};

struct tty_struct {
	int magic;
	struct tty_driver driver;
	char unused_192[64];
	struct termios *termios, *termios_locked;
	int pgrp, session;
	kdev_t device;
	unsigned long flags;
	int count;
	char unused_284[20];
	struct tty_flip_buffer flip;
	char unused_2408[48];
	void *driver_data;
	char unused_2460[648];
};

extern struct termios tty_std_termios;

int tty_register_driver(struct tty_driver *driver);
int tty_unregister_driver(struct tty_driver *driver);
void tty_flip_buffer_push(struct tty_struct *tty);
int tty_get_baud_rate(struct tty_struct *tty);
void tty_hangup(struct tty_struct *tty);
int tty_hung_up_p(struct file *file);

static inline void tty_insert_flip_char(struct tty_struct *tty, unsigned char c, char flag)
{
	if (tty->flip.count < TTY_FLIPBUF_SIZE) {
		tty->flip.count++;
		*tty->flip.flag_buf_ptr++ = flag;
		*tty->flip.char_buf_ptr++ = c;
	}
}

#endif
