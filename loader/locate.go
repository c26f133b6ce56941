// SPDX-License-Identifier: BSD-3-Clause
// Names for addresses in a module, by its object's own symbols.

package loader

import (
	"fmt"
	"sort"
)

// Locate names an address in the image by the nearest symbol at or below it in the same section, local ones included:
// "scull_open+0x12 [scull]". ok is false outside the image and where no symbol is known.
func (img *Image) Locate(addr uint32) (name string, ok bool) {
	if !img.Contains(addr) {
		return "", false
	}
	section := img.Base
	for _, s := range img.Sections {
		if addr-s.Addr < s.Size {
			section = s.Addr
		}
	}
	after := sort.Search(len(img.Symbols), func(i int) bool { return img.Symbols[i].Addr > addr })
	best := -1
	for i := after - 1; i >= 0 && img.Symbols[i].Addr >= section; i-- {
		s := img.Symbols[i]
		if best >= 0 && s.Addr != img.Symbols[best].Addr {
			break
		}
		if s.Type != 'A' && s.Type != 'a' && (best < 0 || s.Function && !img.Symbols[best].Function) {
			best = i
		}
	}
	if best < 0 {
		return "", false
	}
	return fmt.Sprintf("%s+%#x [%s]", img.Symbols[best].Name, addr-img.Symbols[best].Addr, img.Name), true
}
