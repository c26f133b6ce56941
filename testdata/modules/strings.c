// SPDX-License-Identifier: BSD-3-Clause
// The exported string and number functions against values worked out by hand,
// and the string instructions that the inline ones of other kernels use.
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/string.h>

static int passed, failed;

static void check(int holds, const char *what)
{
	if (holds) {
		passed++;
		return;
	}
	failed++;
	printk("strings: FAIL %s\n", what);
}
#define CHECK(condition) check(condition, #condition)

static void memory(void)
{
	char a[40], b[40];
	int n, at;

	for (n = 0; n < 20; n++)
		for (at = 0; at < 4; at++) {
			memset(a, 'a', sizeof(a));
			memset(b, 'b', sizeof(b));
			CHECK(memcpy(a + at, b + 3, n) == a + at);
			CHECK(memcmp(a + at, b, n) == 0);
			CHECK(a[at + n] == 'a' && (at == 0 || a[at - 1] == 'a'));
		}
	memset(a, 'a', sizeof(a));
	CHECK(memset(a, 0x1ff, 5) == a && (unsigned char)a[4] == 0xff && a[5] == 'a');
}

static void searching(void)
{
	const char *text = "the quick brown fox";

	CHECK(strstr(text, "quick") == text + 4);
	CHECK(strstr(text, "") == text);
	CHECK(strstr(text, "quack") == NULL);
	CHECK(strstr("aaab", "aab") != NULL);
	CHECK(strpbrk(text, "xyz") == text + 18);
	CHECK(strpbrk(text, "zj") == NULL);
	CHECK(strpbrk(text, "qt") == text);
	CHECK(strspn(text, "eht ") == 4);
	CHECK(strspn(text, "") == 0);
	CHECK(strspn("aaa", "a") == 3);
	CHECK(strnicmp("HeLLo", "hEllO", 5) == 0);
	CHECK(strnicmp("hello", "help", 3) == 0);
	CHECK(strnicmp("hello", "help", 4) < 0);
	CHECK(strnicmp("b", "A", 1) > 0);
	CHECK(strnicmp("a", "b", 0) == 0);
}

static void splitting(void)
{
	char text[] = ",one,,two;three";
	char more[] = "a,b,,c";
	char *rest = more;

	CHECK(strcmp(strtok(text, ",;"), "one") == 0);
	CHECK(strcmp(strtok(NULL, ",;"), "two") == 0);
	CHECK(strcmp(strtok(NULL, ",;"), "three") == 0);
	CHECK(strtok(NULL, ",;") == NULL);
	CHECK(strcmp(strsep(&rest, ","), "a") == 0);
	CHECK(strcmp(strsep(&rest, ","), "b") == 0);
	CHECK(strcmp(strsep(&rest, ","), "") == 0);
	CHECK(strcmp(strsep(&rest, ","), "c") == 0);
	CHECK(rest == NULL && strsep(&rest, ",") == NULL);
}

static void numbers(void)
{
	char *end;

	CHECK(simple_strtoul("1234", NULL, 10) == 1234);
	CHECK(simple_strtoul("0x1F", NULL, 0) == 0x1f);
	CHECK(simple_strtoul("017", NULL, 0) == 017);
	CHECK(simple_strtoul("99z", &end, 0) == 99 && *end == 'z');
	CHECK(simple_strtoul("ff", NULL, 16) == 255);
	CHECK(simple_strtoul("0b", NULL, 16) == 11);
	CHECK(simple_strtoul("z", &end, 36) == 0 && *end == 'z'); /* only hexadecimal digits count */
	CHECK(simple_strtoul("4294967295", NULL, 10) == 4294967295UL);
	CHECK(simple_strtoul("4294967296", NULL, 10) == 0);
	CHECK(simple_strtoul(" 5", &end, 10) == 0 && *end == ' ');
	CHECK(simple_strtoul("", &end, 10) == 0 && *end == 0);
	CHECK(simple_strtol("-42x", &end, 10) == -42 && *end == 'x');
	CHECK(simple_strtol("-0x10", NULL, 0) == -16);
	CHECK(simple_strtoull("12345678901234", NULL, 10) == 12345678901234ULL);
	CHECK(simple_strtoull("0xffffffffffffffff", NULL, 0) == ~0ULL);
}

static void options(void)
{
	int ints[5] = {0, 0, 0, 0, 77};
	char list[] = "10,0x20,-3rest", size[] = "64Mx", kilo[] = "4k";
	char *at = list, *end;
	int value = 0;

	CHECK(get_option(&at, &value) == 2 && value == 10 && at == list + 3);
	at = get_options(list, 5, ints);
	CHECK(ints[0] == 3 && ints[1] == 10 && ints[2] == 0x20 && ints[3] == -3 && ints[4] == 77);
	CHECK(strcmp(at, "rest") == 0);
	CHECK(memparse(size, &end) == 64 << 20 && *end == 'x');
	CHECK(memparse(kilo, &end) == 4096 && *end == 0);
}

/* This kernel's sscanf has its own ideas, and modules live with them. */
static void scanning(void)
{
	int a = 0, b = 0;
	unsigned x = 0;
	char word[8] = "", two[4] = "---";
	long l = 0;

	CHECK(sscanf("12 7", "%d %d", &a, &b) == 2 && a == 12 && b == 7);
	CHECK(sscanf("12345", "%ld", &l) == 1 && l == 12345);
	CHECK(sscanf("5,6", "%d,%n%d", &a, &b, &x) == 2 && a == 5 && b == 2 && x == 6);
	CHECK(sscanf("5 6", "%*d %d", &a) == 1 && a == 6);
	CHECK(sscanf("abc def", "%3s", word) == 1 && strcmp(word, "abc") == 0);
	CHECK(sscanf("k=5", "k=%d", &a) == 1 && a == 5);
	CHECK(sscanf("k:5", "k=%d", &a) == 0);
	CHECK(sscanf("", "%d", &a) == 0);
	CHECK(sscanf("-7", "%d", &a) == 0);                     /* no sign is accepted */
	CHECK(sscanf("ff", "%x", &x) == 0);                     /* a decimal digit must come first */
	CHECK(sscanf("0xff", "%x", &x) == 1 && x == 0);         /* and 0x is no prefix */
	CHECK(sscanf("xyz", "%c", two) == 1 && two[0] == 'x' && two[1] == 'y' && two[2] == '-'); /* two, not one */
}

/* REP and DF, as the kernel's own inline functions use them. */
static void instructions(void)
{
	static const char text[] = "scan me";
	char copy[16] = "";
	const char *s = text;
	char *d = copy + 6;
	unsigned long n = ~0UL;
	unsigned char differ;

	__asm__ __volatile__("repne; scasb" : "+D"(s), "+c"(n) : "a"(0) : "cc", "memory");
	CHECK(~n - 1 == 7 && s == text + 8);
	s = text + 6;
	n = 7;
	__asm__ __volatile__("std; rep; movsb; cld" : "+D"(d), "+S"(s), "+c"(n) : : "cc", "memory");
	CHECK(strcmp(copy, text) == 0 && n == 0 && d + 1 == copy);
	copy[3] = 'X';
	s = text;
	d = copy;
	n = 8;
	__asm__ __volatile__("repe; cmpsb; setne %3" : "+D"(d), "+S"(s), "+c"(n), "=q"(differ) : : "cc", "memory");
	CHECK(differ && n == 4 && s == text + 4);
}

static void inline_ones(void)
{
	char buffer[16];

	CHECK(strlen("") == 0 && strlen("abc") == 3 && strnlen("abc", 2) == 2);
	CHECK(strcmp(strcpy(buffer, "abc"), "abc") == 0 && strcmp(strcat(buffer, "def"), "abcdef") == 0);
	CHECK(strncmp("abc", "abd", 2) == 0 && strcmp("abc", "abd") < 0 && strcmp("b", "a") > 0);
	CHECK(strcmp("\x80", "\x7f") > 0);
	CHECK(strchr(buffer, 'd') == buffer + 3 && strchr(buffer, 0) == buffer + 6);
	CHECK(strrchr("a/b/c", '/') != NULL && *strrchr("a/b/c", '/') == '/' && strchr(buffer, 'z') == NULL);
	strncpy(buffer, "xy", 5);
	CHECK(buffer[2] == 0 && buffer[4] == 0 && buffer[5] == 'f');
	memmove(buffer + 1, buffer, 3);
	CHECK(buffer[1] == 'x' && buffer[2] == 'y');
	CHECK(memcmp("ab", "ac", 2) < 0 && memcmp("ab", "ac", 1) == 0);
}

int init_module(void)
{
	memory();
	searching();
	splitting();
	numbers();
	options();
	scanning();
	instructions();
	inline_ones();
	printk("strings: PASS %d FAIL %d\n", passed, failed);
	return failed ? -EINVAL : 0;
}

void cleanup_module(void)
{
}

MODULE_LICENSE("Dual BSD/GPL");
EXPORT_NO_SYMBOLS;
