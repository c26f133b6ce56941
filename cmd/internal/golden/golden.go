// SPDX-License-Identifier: BSD-3-Clause
// Package golden is for tests that compare what the debugger says with files: it masks what a change of the kernel's boot moves about.
package golden

import "regexp"

// heap are addresses of memory that the kernel hands out, linear and physical, as eight digits with or without 0x.
var heap = regexp.MustCompile(`\b(0x)?(c[1-7]|0[1-7])[0-9a-f]{6}\b`)

// Mask replaces addresses of memory that the kernel hands out by as many letters.
func Mask(text string) string { return heap.ReplaceAllString(text, "${1}hhhhhhhh") }
