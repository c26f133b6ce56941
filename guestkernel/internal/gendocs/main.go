// SPDX-License-Identifier: BSD-3-Clause
// gendocs writes docs/exports.md: what the kernel exports, and how well each of it is modelled.

package main

import (
	"fmt"
	"os"

	"ring0/guestkernel"
	"ring0/guestkernel/abi"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "gendocs:", err)
		os.Exit(1)
	}
}

// run writes the page to the file it is given.
func run(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("usage: gendocs FILE")
	}
	profile, err := abi.ProfileByName(abi.ProfileNames()[0])
	if err != nil {
		return err
	}
	return os.WriteFile(args[0], []byte(exportsPage(profile, guestkernel.Functions())), 0o666)
}
