// SPDX-License-Identifier: BSD-3-Clause

// Package romtext reads ROM images that are kept as text: lines of a
// hexadecimal address, a colon and bytes; # begins a comment.
package romtext

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// Parse returns an image of size bytes with what text lists.
func Parse(text string, size int) ([]byte, error) {
	image := make([]byte, size)
	scan := bufio.NewScanner(strings.NewReader(text))
	for n := 1; scan.Scan(); n++ {
		line, _, _ := strings.Cut(scan.Text(), "#")
		if strings.TrimSpace(line) == "" {
			continue
		}
		addr, data, found := strings.Cut(line, ":")
		at, err := strconv.ParseUint(addr, 16, 32)
		if !found || err != nil {
			return nil, fmt.Errorf("romtext: line %d: want \"address: bytes\"", n)
		}
		b, err := hex.DecodeString(strings.ReplaceAll(data, " ", ""))
		if err != nil {
			return nil, fmt.Errorf("romtext: line %d: %w", n, err)
		}
		if at+uint64(len(b)) > uint64(size) {
			return nil, fmt.Errorf("romtext: line %d: %x is outside an image of %x bytes", n, at, size)
		}
		copy(image[at:], b)
	}
	return image, scan.Err()
}
