/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The kernel's circular doubly linked list.
 */
#ifndef _RING0_LINUX_LIST_H
#define _RING0_LINUX_LIST_H

#include <linux/types.h>

struct list_head {
	struct list_head *next, *prev;
};

#define LIST_HEAD_INIT(head) {&(head), &(head)}
#define LIST_HEAD(head) struct list_head head = LIST_HEAD_INIT(head)

static inline void INIT_LIST_HEAD(struct list_head *head)
{
	head->next = head;
	head->prev = head;
}

static inline void list_add(struct list_head *entry, struct list_head *after)
{
	entry->next = after->next;
	entry->prev = after;
	after->next->prev = entry;
	after->next = entry;
}

static inline void list_add_tail(struct list_head *entry, struct list_head *head)
{
	list_add(entry, head->prev);
}

static inline void list_del(struct list_head *entry)
{
	entry->prev->next = entry->next;
	entry->next->prev = entry->prev;
}

static inline int list_empty(const struct list_head *head)
{
	return head->next == head;
}

#define list_entry(link, type, field) ((type *)((char *)(link) - __builtin_offsetof(type, field)))
#define list_for_each(pos, head) for ((pos) = (head)->next; (pos) != (head); (pos) = (pos)->next)

#endif
