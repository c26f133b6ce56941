// SPDX-License-Identifier: BSD-3-Clause
// Linking a module by hand, as `ring0 link` does.

package loader_test

import (
	"fmt"
	"log"
	"os"

	"ring0/loader"
)

func Example() {
	data, err := os.ReadFile("../testdata/modules/hello.o")
	if err != nil {
		log.Fatal(err)
	}
	object, err := loader.Parse("hello.o", data)
	if err != nil {
		log.Fatal(err)
	}
	kernel := loader.Provider{Exports: []loader.Export{{Name: "printk", Value: 0xc011afe0}}}
	image, err := loader.Link(object, 0xc8831000, []loader.Provider{kernel}, loader.Options{
		Parameters: []string{"who=world"},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s at %#x, linked to %s\n", image.Name, image.Base, image.Imports[0].Name)
	// Output: hello at 0xc8831000, linked to printk
}
