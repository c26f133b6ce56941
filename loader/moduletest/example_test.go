// SPDX-License-Identifier: BSD-3-Clause

package moduletest_test

import (
	"fmt"
	"testing"
	"time"

	"ring0/guestkernel/abi"
	"ring0/loader/moduletest"
)

// examples is a kernel for examples, which have no *testing.T.
func examples() *moduletest.Kernel {
	return moduletest.Boot(moduletest.Standalone{}, moduletest.Config{Dir: "../../testdata/modules"})
}

// A driver's files, through real system calls of a process.
func Example() {
	k := examples()
	m := k.Load("chardev.o")
	f := k.Open("/dev/chardev0", moduletest.ReadWrite)
	f.Write("hello")
	fmt.Println("use count", m.UseCount())
	f.Close()
	fmt.Println(k.ReadFile("/dev/chardev0"))
	m.Unload()
	k.ExpectNoFindings()
	// Output:
	// use count 1
	// hello
}

// Each sub-test begins where its parent stood.
func ExampleKernel_Run() {
	k := examples()
	k.Load("proc.o")
	for range 2 {
		k.Run("write", func(*testing.T) {
			fmt.Print(k.ReadFile("/proc/ring0/value"))
			k.WriteFile("/proc/ring0/value", "7")
		})
	}
	// Output:
	// 42
	// 42
}

// What a module does when it gets no memory, and whether it gives back what it had.
func ExampleKernel_Fail() {
	k := examples()
	k.Fail("create_proc_entry:2")
	_, err := k.TryLoad("proc.o")
	fmt.Println(moduletest.Errno(err))
	for _, f := range k.Findings() {
		fmt.Println(f)
	}
	// Output:
	// ENOMEM
	// still-registered: proc: /proc/ring0 is not removed
	//   registered at init_module+0x19 [proc]
	// still-registered: proc: /proc/ring0/value is not removed
	//   registered at init_module+0x3f [proc]
}

// A module's functions and variables, by name.
func ExampleModule_Call() {
	k := examples()
	m := k.Load("exporter.o")
	fmt.Println(m.Call("exporter_add", 20, 3), m.Int("exporter_total"))
	// Output: 23 123
}

// Time passes when it is told to.
func ExampleKernel_Advance() {
	k := examples()
	m := k.Load("chkleak.o", "how=timer")
	fmt.Println(len(m.Timers()))
	k.Advance(2 * time.Second)
	fmt.Println(len(m.Timers()))
	// Output:
	// 1
	// 0
}

// Errors have the number that the kernel returned.
func ExampleKernel_TryLoad() {
	k := examples()
	_, err := k.TryLoad("fails.o")
	fmt.Println(moduletest.Errno(err) == abi.ENODEV, moduletest.Died(err))
	_, err = k.TryLoad("oops.o")
	fmt.Println(moduletest.Died(err))
	// Output:
	// true false
	// true
}
