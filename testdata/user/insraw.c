// SPDX-License-Identifier: BSD-3-Clause
// Loads ../modules/rawimage.bin with the bare system calls, as insmod would
// after linking it, and unloads it.
#include "user.h"

__asm__(".section .rodata\n"
	".balign 4\n"
	"image: .incbin \"../modules/rawimage.bin\"\n"
	"image_end:\n"
	".text");
extern char image[], image_end[];

int run(int *stack)
{
	long at = CALL(NR_CREATE_MODULE, "rawimage", image_end - image, 0, 0);

	(void)stack;
	put("create_module = ");
	put_hex(at);
	put("\n");
	put_result("again", CALL(NR_CREATE_MODULE, "rawimage", image_end - image, 0, 0));
	put_result("init_module of another name", CALL(NR_INIT_MODULE, "rawimagf", image, 0, 0));
	put_result("init_module", CALL(NR_INIT_MODULE, "rawimage", image, 0, 0));
	put_result("again", CALL(NR_INIT_MODULE, "rawimage", image, 0, 0));
	put_result("delete_module", CALL(NR_DELETE_MODULE, "rawimage", 0, 0, 0));
	put_result("again", CALL(NR_DELETE_MODULE, "rawimage", 0, 0, 0));
	return 0;
}
