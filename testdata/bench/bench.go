// SPDX-License-Identifier: BSD-3-Clause

// Package bench carries the speed workloads: relocatable i386 objects with
// one function `unsigned bench(unsigned n)` each, built by build.sh from src.
package bench

import "embed"

// Objects holds obj/NAME.o.
//
//go:embed obj/*.o
var Objects embed.FS

// Floating tells whether a workload is one of floating point. Means are of the others.
func Floating(name string) bool { return name == "nbody" }
