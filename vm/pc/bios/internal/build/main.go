// SPDX-License-Identifier: BSD-3-Clause

// Build assembles bios.S and writes bios.txt. It needs as and ld for i386.
//
//	go run ./vm/pc/bios/internal/build
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"ring0/vm/pc/internal/assemble"
)

func main() {
	dir := filepath.Join("vm", "pc", "bios")
	text, err := assemble.Text(filepath.Join(dir, "bios.S"))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "bios.txt"), []byte(text), 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "build:", err)
		os.Exit(1)
	}
}
