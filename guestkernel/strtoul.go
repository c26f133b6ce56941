// SPDX-License-Identifier: BSD-3-Clause
// Numbers from text: simple_strtoul and its relatives (2.4.18 lib/vsprintf.c), options of the command line (lib/cmdline.c).

package guestkernel

// simpleStrtoul models unsigned long simple_strtoul(const char *cp, char **endp, unsigned int base). Base 0 means 16 after
// 0x and a hexadecimal digit, 8 after 0, else 10. Neither blanks nor a sign are skipped, 0x counts with base 0 alone,
// only hexadecimal digits are digits whatever the base, and too large a number wraps.
func simpleStrtoul(c *Call) {
	v, end := c.Kernel.strtoull(c.Arg(0), c.Arg(2))
	c.storeEnd(end)
	c.Return(uint32(v))
}

// simpleStrtol models long simple_strtol(const char *cp, char **endp, unsigned int base): with a minus sign.
func simpleStrtol(c *Call) {
	v, end := c.Kernel.strtoll(c.Arg(0), c.Arg(2))
	c.storeEnd(end)
	c.Return(uint32(v))
}

// simpleStrtoull models unsigned long long simple_strtoull(const char *cp, char **endp, unsigned int base).
func simpleStrtoull(c *Call) {
	v, end := c.Kernel.strtoull(c.Arg(0), c.Arg(2))
	c.storeEnd(end)
	c.Return64(v)
}

// storeEnd stores where a number ended, unless endp is NULL.
func (c *Call) storeEnd(end uint32) {
	if endp := c.Arg(1); endp != 0 {
		c.Kernel.mem.SetU32(endp, end)
	}
}

// strtoull reads a number at cp and returns it with the address behind it. The low 32 bits are simple_strtoul's.
func (k *Kernel) strtoull(cp, base uint32) (v uint64, end uint32) {
	at := byteSource(k.mem.U8)
	if base == 0 {
		base = 10
		if at(cp) == '0' {
			base = 8
			cp++
			if at(cp) == 'x' && digitValue(at(cp+1)) < 16 {
				cp++
				base = 16
			}
		}
	}
	for ; digitValue(at(cp)) < min(base, 16); cp++ {
		v = v*uint64(base) + uint64(digitValue(at(cp)))
	}
	return v, cp
}

// strtoll reads a number with an optional minus sign.
func (k *Kernel) strtoll(cp, base uint32) (v int64, end uint32) {
	if k.mem.U8(cp) == '-' {
		u, end := k.strtoull(cp+1, base)
		return -int64(u), end
	}
	u, end := k.strtoull(cp, base)
	return int64(u), end
}

// digitValue is what a hexadecimal digit stands for; 16 for all other bytes.
func digitValue(c byte) uint32 {
	switch {
	case isDigit(c):
		return uint32(c - '0')
	case 'a' <= c && c <= 'f':
		return uint32(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return uint32(c-'A') + 10
	}
	return 16
}

// getOption models int get_option(char **str, int *pint): takes a number from a list separated by commas. Returns 0 when
// there is none, 1 when it is the last, 2 when a comma follows, which is taken too.
func getOption(c *Call) {
	c.Return(c.Kernel.getOption(c.Arg(0), c.Arg(1)))
}

func (k *Kernel) getOption(str, pint uint32) uint32 {
	cur := k.mem.U32(str)
	if cur == 0 || k.mem.U8(cur) == 0 {
		return 0
	}
	v, end := k.strtoll(cur, 0)
	k.mem.SetU32(pint, uint32(v))
	k.mem.SetU32(str, end)
	switch {
	case end == cur:
		return 0
	case k.mem.U8(end) != ',':
		return 1
	}
	k.mem.SetU32(str, end+1)
	return 2
}

// getOptions models char *get_options(char *str, int nints, int *ints): the numbers go to ints[1] … ints[nints-1], how many
// there were to ints[0]. Returns the address of what follows.
func getOptions(c *Call) {
	k, nints, ints := c.Kernel, int32(c.Arg(1)), c.Arg(2)
	str := c.Alloca(4)
	k.mem.SetU32(str, c.Arg(0))
	i := int32(1)
	for i < nints {
		result := k.getOption(str, ints+uint32(i)*4)
		if result == 0 {
			break
		}
		i++
		if result == 1 {
			break
		}
	}
	k.mem.SetU32(ints, uint32(i-1))
	c.Return(k.mem.U32(str))
}

// memparse models unsigned long long memparse(char *ptr, char **retptr): a number with an optional K, M or G. Unlike
// endp of simple_strtoull, retptr must not be NULL.
func memparse(c *Call) {
	k := c.Kernel
	v, end := k.strtoull(c.Arg(0), 0)
	c.storeEnd(end)
	shift := 0
	switch k.mem.U8(k.mem.U32(c.Arg(1))) {
	case 'G', 'g':
		shift = 30
	case 'M', 'm':
		shift = 20
	case 'K', 'k':
		shift = 10
	}
	if shift != 0 {
		c.storeEnd(end + 1)
	}
	c.Return64(v << shift)
}
