// SPDX-License-Identifier: BSD-3-Clause
// Command build assembles entry.S for every profile that has guest code. Run it from the top of the module.
package main

import (
	"fmt"
	"os"

	"ring0/guestkernel/abi"
	"ring0/guestkernel/entry/internal/assemble"
)

const folder = "guestkernel/entry/"

func main() {
	for _, name := range []string{"2.4.18-14"} {
		if err := build(name); err != nil {
			fmt.Fprintln(os.Stderr, "build:", err)
			os.Exit(1)
		}
	}
}

func build(name string) error {
	profile, err := abi.ProfileByName(name)
	if err != nil {
		return err
	}
	text, err := assemble.Entry(folder+"entry.S", profile)
	if err != nil {
		return err
	}
	return os.WriteFile(folder+"entry-"+name+".txt", []byte(text), 0o644)
}
