/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * System call numbers.
 */
#ifndef _RING0_ASM_UNISTD_H
#define _RING0_ASM_UNISTD_H

#define __NR_exit 1
#define __NR_fork 2
#define __NR_read 3
#define __NR_write 4
#define __NR_open 5
#define __NR_close 6
#define __NR_waitpid 7
#define __NR_getpid 20
#define __NR_pause 29
#define __NR_kill 37
#define __NR_wait4 114
#define __NR_uname 122
#define __NR_create_module 127
#define __NR_init_module 128
#define __NR_delete_module 129
#define __NR_query_module 167

#endif
