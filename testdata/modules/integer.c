// SPDX-License-Identifier: BSD-3-Clause
// The processor checks itself: some hundred thousand integer operations in all
// the shapes that gcc gives them, folded into one checksum. Built four times,
// with -O0, -O2, -O3 and -Os: other instructions, the same sum. After each
// group the sum so far is printed, so that a difference is near its cause.
//
// Nothing here depends on what C or the processor leaves undefined.
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/string.h>

#define ROUNDS 200

static u32 sum = 2166136261u;

static void mix(u32 value)
{
	sum = (sum ^ value) * 16777619u;
	sum ^= sum >> 15;
}

static void mix64(u64 value)
{
	mix((u32)value);
	mix((u32)(value >> 32));
}

static u32 seed = 12345;

/* The same numbers in every run, with small and extreme ones among them. */
static u32 next(void)
{
	seed = seed * 1664525u + 1013904223u;
	switch (seed >> 29) {
	case 0:
		return (seed >> 8) & 0xff;
	case 1:
		return 0x80000000u + ((seed >> 10) & 3) - 1;
	case 2:
		return -((seed >> 12) & 0xffff);
	default:
		return seed ^ (seed >> 13);
	}
}

static u64 next64(void)
{
	u64 high = next();

	return (high << 32) | next();
}

/* Widths, signs, conversions. */
static void widths(void)
{
	int i;

	for (i = 0; i < ROUNDS; i++) {
		u32 a = next(), b = next();
		u8 a8 = a, b8 = b;
		u16 a16 = a, b16 = b;
		s8 sa8 = (s8)a8, sb8 = (s8)b8;
		s16 sa16 = (s16)a16, sb16 = (s16)b16;

		a8 += b8;
		b8 ^= a8 >> 3;
		a16 -= b16;
		b16 = (b16 << 5) | (b16 >> 11);
		mix(a8 | (u32)b8 << 8 | (u32)a16 << 16);
		mix(b16 + (u32)sa8 - (u32)sb16);
		mix((u32)(sa8 * sb8) + (u32)(sa16 * sb16));
		mix((u32)(sa8 >> 2) ^ (u32)(sa16 >> 7));
		mix((u32)(u8)~a8 + (u16)-b16);
		mix((a & 0xff00) >> 8 | (b & 0xff) << 8); /* AH and the like */
	}
}

/* All comparisons, as branches, as setcc and as cmov. */
static void comparisons(void)
{
	int i;

	for (i = 0; i < ROUNDS; i++) {
		u32 a = next(), b = i & 1 ? next() : a + (i & 2) - 1;
		s32 sa = (s32)a, sb = (s32)b;
		u32 bits = (a < b) | (a <= b) << 1 | (a > b) << 2 | (a >= b) << 3 | (sa < sb) << 4 |
			   (sa <= sb) << 5 | (sa > sb) << 6 | (sa >= sb) << 7 | (a == b) << 8 |
			   (a != b) << 9 | (sa < 0) << 10 | ((a & b) == 0) << 11;

		mix(bits);
		mix(a < b ? a : b);
		mix((u32)(sa < sb ? sb : sa));
		mix(sa < 0 ? -a : a);
		if (a > 0x7fffffff && sb > 0)
			mix(1);
		else if ((s16)a < (s16)b || (u8)a >= (u8)b)
			mix(2);
		if (!(a & 0x10) != !(b & 0x2000))
			mix(3);
	}
}

static u32 rotate(u32 v, u32 n)
{
	return (v << (n & 31)) | (v >> (-n & 31));
}

static void shifts(void)
{
	u32 n;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		u32 a = next();
		u64 q = next64();

		n = a & 31;
		mix(a << n ^ a >> n);
		mix((u32)((s32)a >> n));
		mix(rotate(a, n) + rotate(a, 8) + rotate(a, 31));
		mix64(q << n);
		mix64(q >> n);
		mix64((u64)((s64)q >> (n + 16)));
		mix64(q << (n + 32));
		mix64(q >> 33 ^ q << 1);
		mix((u32)(u16)((u16)a << (n & 15)) + ((u8)a >> (n & 7)));
	}
}

/* By constants gcc multiplies, shifts and leas; by variables it divides. */
static void products(void)
{
	int i;

	for (i = 0; i < ROUNDS; i++) {
		u32 a = next(), b = next() | 1;
		s32 sa = (s32)(a >> 1) - 0x20000000, sb = (s32)(b >> 8) + 1;
		s16 h = (s16)a;

		mix(a * 3 + a * 5 + a * 9 + a * 10 + a * 100 + a * 641 + a * 0xfffffff1u);
		mix(a / 3 + a / 7 + a / 10 + a / 16 + a / 641 + a % 10 + a % 1000 + a % 4096);
		mix((u32)(sa / 3 + sa / 7 + sa / -10 + sa / 16 + sa % 10 + sa % -16));
		mix(a / b + a % b);
		mix((u32)(sa / sb) ^ (u32)(sa % sb));
		mix((u32)(h / 13) + (u32)(h % 13) + (u8)a / 5u);
		mix64((u64)a * b);
		mix64((u64)((s64)sa * sb));
		mix((u32)((u64)a * b >> 32));
		mix64(next64() * next64());
		mix64(next64() * 1000003);
		mix((u32)((s64)sa * 0x55555556 >> 32));
	}
}

/* A 64-bit quotient in two steps, as do_div does it. */
static u32 divide64(u64 *n, u32 by)
{
	u32 high = *n >> 32, low = (u32)*n, rest = high % by, q_high = high / by;

	__asm__("divl %2" : "+a"(low), "+d"(rest) : "r"(by) : "cc");
	*n = (u64)q_high << 32 | low;
	return rest;
}

static void wide(void)
{
	u64 a = next64(), b = next64();
	int i;

	for (i = 0; i < ROUNDS; i++) {
		u64 q = next64();

		a += b ^ q;
		b -= a;
		mix64(a & ~b);
		mix64(-a | b);
		mix((a < b) + 2 * (a > q) + 4 * ((s64)a < (s64)b) + 8 * (a == b) + 16 * ((s64)q >= 0));
		mix(divide64(&q, next() | 0x100));
		mix64(q);
		a = a << 7 | a >> 57;
	}
}

static u32 jump_table(u32 op, u32 a, u32 b)
{
	switch (op) {
	case 0: return a + b;
	case 1: return a - b;
	case 2: return a & b;
	case 3: return a | b;
	case 4: return a ^ b;
	case 5: return a << (b & 7);
	case 6: return a >> (b & 7);
	case 7: return ~a;
	case 8: return -b;
	case 9: return a * b;
	case 10: return a == b;
	case 12: return a + 12;
	default: return op;
	}
}

static u32 sparse(u32 key)
{
	switch (key) {
	case 1: return 11;
	case 100: return 22;
	case 1000: return 33;
	case 70000: return 44;
	case 0x80000000u: return 55;
	case 0xffffffffu: return 66;
	}
	return key & 15;
}

static void choices(void)
{
	static const u32 keys[] = {0, 1, 2, 99, 100, 101, 1000, 70000, 0x7fffffff, 0x80000000u, 0xffffffffu};
	u32 i;

	for (i = 0; i < ROUNDS; i++)
		mix(jump_table(i % 17, next(), next()));
	for (i = 0; i < ARRAY_SIZE(keys); i++)
		mix(sparse(keys[i]));
}

struct tiny {
	u8 b[3];
};

struct fields {
	u32 one : 1, three : 3, nine : 9;
	s32 eleven : 11;
	u32 rest : 8;
	u16 half;
};

struct big {
	u32 head;
	struct fields f;
	u8 bytes[50];
	u64 q;
	struct tiny t[3];
};

static struct big by_value(struct big in, u32 n)
{
	in.head += n;
	in.bytes[n % 50] ^= n;
	in.f.nine += n;
	in.f.eleven = (s32)(n & 0x3ff) - 512;
	in.t[n % 3].b[1] = n;
	return in;
}

static void structures(void)
{
	static struct big kept[3];
	struct big b;
	u32 i, j;

	memset(&b, 0, sizeof(b));
	b.q = 0x1122334455667788ULL;
	for (i = 0; i < ROUNDS; i++) {
		b = by_value(b, next() & 0x7fffffff);
		kept[i % 3] = b;
		b = kept[(i * 2) % 3];
		b.f.one ^= 1;
		b.f.three--;
		b.f.rest = b.f.nine;
		b.f.half += b.f.three;
		mix(b.head + b.f.nine * 3 + (u32)b.f.eleven + b.f.rest + b.f.half);
		for (j = 0; j < sizeof(b.bytes); j += 7)
			mix(b.bytes[j]);
		mix64(b.q += b.t[i % 3].b[1]);
	}
}

static u32 crc_table[256];

static u32 crc32(const u8 *p, u32 n)
{
	u32 crc = ~0u;

	while (n--)
		crc = crc >> 8 ^ crc_table[(crc ^ *p++) & 0xff];
	return ~crc;
}

static void tables(void)
{
	static u8 data[1024];
	static u32 matrix[3][8][8];
	u32 i, j, k;

	for (i = 0; i < 256; i++) {
		u32 c = i;

		for (j = 0; j < 8; j++)
			c = c & 1 ? c >> 1 ^ 0xedb88320u : c >> 1;
		crc_table[i] = c;
	}
	mix(crc32((const u8 *)"123456789", 9));
	mix(crc_table[1] == 0x77073096u && crc32((const u8 *)"123456789", 9) == 0xcbf43926u);
	for (i = 0; i < sizeof(data); i++)
		data[i] = next();
	mix(crc32(data, sizeof(data)));
	for (i = 1; i < sizeof(data); i++) { /* insertion sort of bytes */
		u8 v = data[i];

		for (j = i; j > 0 && data[j - 1] > v; j--)
			data[j] = data[j - 1];
		data[j] = v;
	}
	mix(crc32(data, sizeof(data)));
	for (i = 0; i < 8; i++)
		for (j = 0; j < 8; j++) {
			matrix[0][i][j] = next();
			matrix[1][i][j] = i * j + 1;
		}
	for (i = 0; i < 8; i++)
		for (j = 0; j < 8; j++)
			for (k = 0; k < 8; k++)
				matrix[2][i][j] += matrix[0][i][k] * matrix[1][k][j];
	mix(crc32((const u8 *)matrix[2], sizeof(matrix[2])));
}

static u32 fibonacci(u32 n)
{
	return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

static u32 ackermann(u32 m, u32 n)
{
	return !m ? n + 1 : ackermann(m - 1, n ? ackermann(m, n - 1) : 1);
}

static u32 add_all(int n, ...)
{
	va_list args;
	u32 total = 0;

	va_start(args, n);
	while (n--)
		total += n & 1 ? (u32)va_arg(args, u64) : va_arg(args, u32);
	va_end(args);
	return total;
}

static u32 twice(u32 n)
{
	return 2 * n;
}

static u32 square(u32 n)
{
	return n * n;
}

static u32 __attribute__((regparm(3), noinline)) in_registers(u32 a, u32 b, u32 c, u32 d)
{
	return a * 1000 + b * 100 + c * 10 + d;
}

static void calls(void)
{
	static u32 (*const functions[])(u32) = {twice, square, fibonacci};
	u32 i;

	mix(fibonacci(15));
	mix(ackermann(2, 7));
	mix(add_all(4, 1ULL, 2u, 0x300000003ULL, 4u));
	for (i = 0; i < 30; i++)
		mix(functions[i % 3](i % 11));
	mix(in_registers(1, 2, 3, 4));
}

/* Instructions that C does not reach, with the flags the manual defines. */
#define FLAGS_OF(insn, mask, out, a, b)                                                            \
	do {                                                                                       \
		u32 flags_;                                                                        \
		__asm__ __volatile__(insn "\n\tpushfl\n\tpopl %1"                                  \
				     : "+q"(a), "=&r"(flags_)                                      \
				     : "q"(b)                                                      \
				     : "cc");                                                      \
		(out) = flags_ & (mask);                                                           \
	} while (0)

#define ALL_FLAGS 0x8d5 /* OF SF ZF AF PF CF */
#define NO_AF 0x8c5

static void flags(void)
{
	int i;

	for (i = 0; i < ROUNDS; i++) {
		u32 a = next(), b = i & 3 ? next() : a, v, f;

#define TRY(insn, mask) do { v = a; FLAGS_OF(insn, mask, f, v, b); mix(v ^ f); } while (0)
		TRY("addl %2,%0", ALL_FLAGS);
		TRY("addw %w2,%w0", ALL_FLAGS);
		TRY("addb %b2,%b0", ALL_FLAGS);
		TRY("subl %2,%0", ALL_FLAGS);
		TRY("subw %w2,%w0", ALL_FLAGS);
		TRY("cmpb %b2,%b0", ALL_FLAGS);
		TRY("stc; adcl %2,%0", ALL_FLAGS);
		TRY("stc; sbbb %b2,%b0", ALL_FLAGS);
		TRY("clc; sbbl %2,%0", ALL_FLAGS);
		TRY("andl %2,%0", NO_AF);
		TRY("orw %w2,%w0", NO_AF);
		TRY("xorb %b2,%b0", NO_AF);
		TRY("testl %2,%0", NO_AF);
		TRY("stc; incl %0", ALL_FLAGS);
		TRY("clc; decb %b0", ALL_FLAGS);
		TRY("negl %0", ALL_FLAGS);
		TRY("stc; notl %0", 1);
		TRY("clc; shll $1,%0", NO_AF);
		TRY("clc; sarw $1,%w0", NO_AF);
		TRY("clc; shrb $1,%b0", NO_AF);
		TRY("stc; rcll $1,%0", 0x801);
		TRY("stc; rcrb $3,%b0", 1);
		TRY("roll $1,%0", 0x801);
		TRY("rorw $9,%w0", 1);
		TRY("btl $7,%0", 1);
		TRY("btsl %2,%0", 1);
		TRY("btrw $3,%w0", 1);
		TRY("btcl %2,%0", 1);
		TRY("imull %2,%0", 0x801);
		TRY("imulw $300,%w2,%w0", 0x801);
		TRY("bswap %0", 0);
		TRY("xaddl %0,%0", ALL_FLAGS);
		TRY("shldl $5,%2,%0", 0x0c5);
		TRY("shrdl $1,%2,%0", NO_AF);
		TRY("cmpl %2,%0; cmovgl %2,%0", ALL_FLAGS);
		TRY("cmpl %2,%0; cmovbl %2,%0; setp %b0", ALL_FLAGS);
		TRY("cmpl %2,%0; setle %b0", ALL_FLAGS);
		TRY("testl %2,%0; sets %b0", NO_AF);
#undef TRY
	}
}

#define ON_AL(insn, mask)                                                                          \
	__asm__ __volatile__(insn "; pushfl; popl %1" : "+a"(v), "=&c"(f) : : "cc"); mix(v ^ (f & (mask)))

/* Decimal adjustments, sign extensions, bit scans, exchanges, loops, stack frames. */
static void rare(void)
{
	int i;

	for (i = 0; i < ROUNDS; i++) {
		u32 a = next(), v, f, n;
		u64 pair = next64(), want;
		u8 equal;

		v = (a & 0x0f0f) | 0x10;
		ON_AL("addb $0x27,%%al; daa", 0xd5);
		v = a;
		ON_AL("subb $0x19,%%al; das", 0xd5);
		v = a;
		ON_AL("addb $9,%%al; aaa", 0x11);
		v = a;
		ON_AL("subb $9,%%al; aas", 0x11);
		v = a;
		ON_AL("aam", 0xc4);
		v = a & 0x0909;
		ON_AL("aad", 0xc4);
		v = a;
		ON_AL("cbw; cwtl", 0);
		v = a;
		ON_AL("sahf; lahf", 0xd5);
		__asm__("cltd" : "=d"(v) : "a"(a));
		mix(v);
		__asm__("bsfl %1,%0" : "=r"(v) : "r"(a | 0x8000) : "cc");
		__asm__("bsrl %1,%0" : "=r"(n) : "r"(a | 0x10) : "cc");
		mix(v * 32 + n);
		v = a;
		n = ~a;
		__asm__ __volatile__("xchgl %0,%1; xchgb %b0,%h0" : "+a"(v), "+c"(n));
		mix(v - n);
		v = a;
		n = a + (i & 1);
		__asm__ __volatile__("lock; cmpxchgl %3,%1; sete %b2" : "+a"(n), "+m"(v), "=q"(f) : "r"(i) : "cc");
		mix(v ^ n ^ (f & 1));
		want = i & 1 ? pair : pair + 1;
		__asm__ __volatile__("cmpxchg8b %1; setz %2"
				     : "+A"(want), "+m"(pair), "=m"(equal)
				     : "b"(i), "c"(a)
				     : "cc");
		mix64(pair ^ want);
		mix(equal);
		n = (a & 15) + 1;
		v = 0;
		__asm__ __volatile__("1: addl %1,%0; loop 1b" : "+r"(v), "+c"(n) : : "cc");
		__asm__ __volatile__("jecxz 1f; incl %0; 1:" : "+r"(v) : "c"(a & 1) : "cc");
		mix(v);
		__asm__ __volatile__("pushal; xorl %%esi,%%esi; movl $-1,%%edi; popal" : : : "memory");
		__asm__ __volatile__("pushl %1; pushw %w1; popw %w0; popl %0" : "=&r"(v) : "r"(a) : "memory");
		mix(v);
	}
}

/* Addressing modes, string instructions in both directions, bits in memory. */
static void memory(void)
{
	static u32 words[64];
	static u8 bytes[80];
	u32 i, n, found;

	for (i = 0; i < 64; i++)
		words[i] = next();
	for (i = 0; i < 40; i++) {
		const void *from = words + i % 8;
		void *to = bytes + i % 16;

		n = i % 15;
		__asm__ __volatile__("cld; rep; movsl" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
		mix(crc32(bytes, sizeof(bytes)) + n);
		to = bytes + 60;
		n = i % 20;
		__asm__ __volatile__("std; rep; stosw; cld" : "+D"(to), "+c"(n) : "a"(i) : "memory");
		mix((u8 *)to - bytes);
		to = bytes;
		n = sizeof(bytes);
		__asm__ __volatile__("repne; scasb" : "+D"(to), "+c"(n) : "a"(bytes[i]) : "cc", "memory");
		mix(n);
		from = words + i;
		__asm__ __volatile__("lodsl; addl %%eax,%%eax" : "=a"(found), "+S"(from) : : "cc", "memory");
		mix(found);
		__asm__ __volatile__("btsl %2,%0; sbbl %1,%1" : "+m"(words[0]), "=&r"(found) : "r"(i * 3) : "cc", "memory");
		mix(found + words[i * 3 / 32]);
		__asm__("movl 4(%1,%2,4),%0" : "=r"(found) : "r"(words), "r"(i) : "memory");
		mix(found);
		__asm__("leal -3(%1,%2,8),%0" : "=r"(found) : "r"(i), "r"(seed));
		mix(found);
		__asm__("xlatb" : "=a"(found) : "0"(i), "b"(crc_table) : "memory");
		mix(found & 0xff);
	}
	for (i = 0; i < 64; i++)
		mix(words[i]);
}

/* Rounds of a hash function over text: rotations, additions, a word at a time. */
static void hashing(void)
{
	u32 a = 0x67452301u, b = 0xefcdab89u, c = 0x98badcfeu, d = 0x10325476u, e = 0xc3d2e1f0u, t, i;
	u32 w[80];

	for (i = 0; i < 16; i++)
		w[i] = next();
	for (; i < 80; i++)
		w[i] = rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
	for (i = 0; i < 80; i++) {
		u32 f = i < 20 ? (b & c) | (~b & d) : i < 40 ? b ^ c ^ d : i < 60 ? (b & c) | (b & d) | (c & d) : b ^ c ^ d;

		t = rotate(a, 5) + f + e + w[i] + 0x5a827999u * (i / 20 + 1);
		e = d;
		d = c;
		c = rotate(b, 30);
		b = a;
		a = t;
	}
	mix(a ^ b ^ c ^ d ^ e);
	for (i = 27, t = 0; i != 1; t++) /* the longest well-known chain of 3n+1 */
		i = i & 1 ? 3 * i + 1 : i / 2;
	mix(t);
}

static void group(void (*run)(void), const char *name)
{
	run();
	printk(KERN_DEBUG "integer: %s %08x\n", name, sum);
}

int init_module(void)
{
	group(widths, "widths");
	group(comparisons, "comparisons");
	group(shifts, "shifts");
	group(products, "products");
	group(wide, "wide");
	group(choices, "choices");
	group(structures, "structures");
	group(tables, "tables");
	group(calls, "calls");
	group(flags, "flags");
	group(rare, "rare");
	group(memory, "memory");
	group(hashing, "hashing");
	printk("integer: checksum %08x\n", sum);
	return 0;
}

void cleanup_module(void)
{
}

MODULE_LICENSE("Dual BSD/GPL");
EXPORT_NO_SYMBOLS;
