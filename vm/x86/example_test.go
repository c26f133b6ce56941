// SPDX-License-Identifier: BSD-3-Clause

// How the package is used.

package x86_test

import (
	"fmt"

	"ring0/vm/x86"
)

func ExampleDecode() {
	code := []byte{0xF0, 0x0F, 0xB1, 0x4B, 0x08, 0x75, 0xF7, 0x0F}
	eip := uint32(0x1000)
	var in x86.Inst
	for x86.Decode(code, eip, x86.Code32, &in) == x86.OK {
		fmt.Printf("%#x: %v\n", in.EIP, &in)
		code, eip = code[in.Len:], in.Next()
	}
	fmt.Println(x86.Decode(code, eip, x86.Code32, &in))
	// Output:
	// 0x1000: lock cmpxchg dword [ebx+0x8], ecx
	// 0x1005: jne 0xffe
	// need more bytes
}

func ExampleRows() {
	for r := range x86.Rows() {
		if r.Op == x86.CMPXCHG {
			fmt.Println(r.Code, r.Op, r.Operands, r.Lock)
		}
	}
	// Output:
	// 0F B0 cmpxchg Eb, Gb true
	// 0F B1 cmpxchg Ev, Gv true
}
