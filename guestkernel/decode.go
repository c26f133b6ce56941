// SPDX-License-Identifier: BSD-3-Clause
// Calls of kernel functions in words: arguments and results by the function's prototype, as ltrace writes them.

package guestkernel

import (
	"fmt"
	"strconv"
	"strings"

	"ring0/guestkernel/abi"
	"ring0/vm"
)

// Limits of what a decoded call shows.
const (
	decodeText   = 80 // bytes of a string
	decodeWords  = 3  // argument words of a function whose prototype nobody knows
	decodeArgs   = 16 // arguments of a printf
	smallestHex  = 0x1000
	errnoHighest = 4095
)

// A callDecoder writes arguments and results. It reads guest memory without touching anything.
type callDecoder struct {
	k *Kernel
	c *Call
}

// arguments writes the arguments of a call, separated by commas.
func (d callDecoder) arguments() string {
	p, known := d.k.prototype(d.c.Fn.Name)
	var args []string
	if !known {
		for i := range decodeWords {
			args = append(args, fmt.Sprintf("%#x", d.word(i)))
		}
		return strings.Join(append(args, "…"), ", ")
	}
	for i, param := range p.Params {
		if d.isGFP(i) {
			args = append(args, d.k.gfpText(d.word(param.Slot)))
			continue
		}
		args = append(args, d.value(param.Type, param.Slot))
	}
	if p.Variadic {
		args = append(args, d.formatted(p)...)
	}
	return strings.Join(args, ", ")
}

// word is the i-th argument word; 0 where the stack cannot be read.
func (d callDecoder) word(i int) (v uint32) {
	d.k.quietly(func() { v = d.c.Arg(i) })
	return v
}

// value writes an argument of a type.
func (d callDecoder) value(t abi.Type, slot int) string {
	v := d.word(slot)
	if t.Size == 8 {
		return d.k.valueText(t, uint64(v)|uint64(d.word(slot+1))<<32)
	}
	return d.k.valueText(t, uint64(v))
}

// valueText writes a value of a type.
func (k *Kernel) valueText(t abi.Type, v uint64) string {
	word := uint32(v)
	switch t.Kind {
	case abi.KindVoid:
		return ""
	case abi.KindString:
		if strings.HasPrefix(t.Name, "const ") {
			return k.stringText(word)
		}
		return k.pointerText(word)
	case abi.KindFuncPointer:
		return k.codeText(word)
	case abi.KindPointer:
		if structure, ok := strings.CutSuffix(t.Name, " *"); ok && strings.Contains(structure, "struct ") && word != 0 {
			return "(" + strings.TrimPrefix(structure, "const ") + " *) " + k.pointerText(word)
		}
		return k.pointerText(word)
	case abi.KindChar:
		return strconv.QuoteRune(rune(byte(v)))
	case abi.KindLongLong:
		return strconv.FormatInt(int64(v), 10)
	case abi.KindInt, abi.KindLong:
		return strconv.Itoa(int(signExtend(word, t.Size)))
	case abi.KindSize:
		return strconv.FormatUint(v, 10)
	}
	if v < smallestHex {
		return strconv.FormatUint(v, 10)
	}
	return fmt.Sprintf("%#x", v)
}

// signExtend extends an integer of size bytes; arguments of small types come as whole words.
func signExtend(v, size uint32) int32 {
	switch size {
	case 1:
		return int32(int8(v))
	case 2:
		return int32(int16(v))
	}
	return int32(v)
}

// resultText writes what a function returned: negative error numbers with their names.
func (k *Kernel) resultText(t abi.Type, v uint64) string {
	n := int32(v)
	if t.Size > 4 || n >= 0 || n < -errnoHighest || t.Kind != abi.KindInt && t.Kind != abi.KindLong && t.Kind != abi.KindUlong {
		return k.valueText(t, v)
	}
	text := strconv.Itoa(int(n))
	if name := abi.Errno(-n).String(); !strings.ContainsAny(name, "(0123456789") {
		return text + " " + name
	}
	return k.valueText(t, v)
}

// pointerText writes a pointer: NULL, the kernel's own variable by its name, else a number.
func (k *Kernel) pointerText(v uint32) string {
	if v == 0 {
		return "NULL"
	}
	if name, offset, ok := k.profile.Lookup(v); ok && offset == 0 {
		return "&" + name
	}
	return fmt.Sprintf("%#x", v)
}

// codeText writes a pointer to a function.
func (k *Kernel) codeText(v uint32) string {
	if v < abi.PageOffset {
		return k.pointerText(v)
	}
	return strings.TrimSuffix(k.Symbolize(v), "+0x0")
}

// stringText writes a string in quotes, cut where it is long, or the address where none can be read.
func (k *Kernel) stringText(addr uint32) string {
	if addr == 0 {
		return "NULL"
	}
	var text string
	var whole bool
	if !k.quietly(func() { text, whole = k.mem.CString(addr, decodeText) }) {
		return fmt.Sprintf("%#x", addr)
	}
	if !whole {
		return quoteBytes(text) + "…"
	}
	return quoteBytes(text)
}

// quoteBytes quotes text as C does, byte by byte.
func quoteBytes(text string) string {
	return strings.ReplaceAll(strconv.QuoteToASCII(latin1(text)), `\u00`, `\x`)
}

// latin1 reads bytes as the characters of that number.
func latin1(text string) string {
	runes := make([]rune, len(text))
	for i := range len(text) {
		runes[i] = rune(text[i])
	}
	return string(runes)
}

// isGFP tells whether an argument is a gfp mask, which its type does not say.
func (d callDecoder) isGFP(i int) bool {
	switch d.c.Fn.Name {
	case "kmalloc", "kmem_cache_alloc", "__vmalloc", "alloc_skb":
		return i == 1
	case "__get_free_pages", "get_zeroed_page", "_alloc_pages", "__alloc_pages":
		return i == 0
	}
	return false
}

// gfpText writes a gfp mask by the names of its usual values.
func (k *Kernel) gfpText(v uint32) string {
	dma := ""
	if v&k.pages.gfp.dma != 0 {
		dma = "|GFP_DMA"
	}
	for _, name := range []string{"GFP_KERNEL", "GFP_ATOMIC", "GFP_USER", "GFP_NOFS", "GFP_NOIO", "GFP_HIGHUSER"} {
		if k.constant(name) == v&^k.pages.gfp.dma {
			return name + dma
		}
	}
	return fmt.Sprintf("%#x", v)
}

// formatted writes the arguments behind the format of a printf, or those of a scanf, which are pointers.
func (d callDecoder) formatted(p abi.Prototype) []string {
	if len(p.Params) == 0 || p.Params[len(p.Params)-1].Type.Kind != abi.KindString {
		return []string{"…"}
	}
	slot := p.Params[len(p.Params)-1].Slot
	var format string
	if !d.k.quietly(func() { format, _ = d.k.mem.CString(d.word(slot), printkBufLen) }) {
		return []string{"…"}
	}
	slot++
	at := byteSource(func(i uint32) byte {
		if i < uint32(len(format)) {
			return format[i]
		}
		return 0
	})
	var args []string
	for i := uint32(0); i < uint32(len(format)) && len(args) < decodeArgs; i++ {
		if format[i] != '%' {
			continue
		}
		var c conversion
		c, i = at.conversion(i + 1)
		types := c.arguments()
		if strings.HasSuffix(p.Name, "scanf") {
			types = c.scanned()
		}
		for _, t := range types {
			args = append(args, d.value(t, slot))
			slot += t.Slots()
		}
	}
	return args
}

// scanned is what a conversion of a scanf takes: a pointer, and nothing with an asterisk.
func (c *conversion) scanned() []abi.Type {
	if c.widthArg || c.verb == '%' || c.verb == 0 {
		return nil
	}
	return []abi.Type{{Kind: abi.KindPointer, Size: 4}}
}

// describeCall writes a call of a function that is not written, and where it came from.
func (k *Kernel) describeCall(c *Call) string {
	name, _, _ := k.profile.Lookup(c.Slot)
	if c.Fn == nil {
		c.Fn = &Function{Name: name}
		if abi.Regparm3(name) {
			c.Fn.Conv = Regparm3
		}
	}
	text := name + "(" + callDecoder{k, c}.arguments() + ") called from " + k.Symbolize(c.caller())
	if e, ok := k.profile.Export(name); ok && e.Header != "" {
		text += "; declared in " + e.Header
	}
	if p, ok := k.prototype(name); ok {
		text += "; prototype: " + p.String()
	}
	return text
}

// caller is the return address; 0 where the stack cannot be read.
func (c *Call) caller() (addr uint32) {
	c.Kernel.quietly(func() { addr = c.Caller() })
	return addr
}

// returned is the result so far, as wide as the type says.
func (c *Call) returned(t abi.Type) uint64 {
	if t.Size == 8 {
		return uint64(c.regs[vm.EAX]) | uint64(c.regs[vm.EDX])<<32
	}
	return uint64(c.regs[vm.EAX])
}
