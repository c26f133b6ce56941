// SPDX-License-Identifier: BSD-3-Clause

// Package moduletest runs kernel modules under `go test`: it boots a modelled 2.4 kernel, loads modules, does to them what
// programs, devices and time would do, and looks at what they did.
//
//	func TestDriver(t *testing.T) {
//		k := moduletest.Boot(t, moduletest.Config{})
//		m := k.Load("driver.o", "debug=1")
//		k.Run("read", func(t *testing.T) { // begins with the driver loaded
//			f := k.Open("/dev/driver0", moduletest.ReadWrite)
//			f.Write("hello")
//			k.ExpectLog("driver: 5 bytes")
//		})
//		k.Run("no memory", func(t *testing.T) { // and so does this
//			k.Fail("kmalloc:1")
//			_, err := k.TryOpen("/dev/driver0", moduletest.ReadWrite)
//			k.ExpectErrno(err, abi.ENOMEM)
//			k.ExpectNoFindings()
//		})
//	}
//
// # How a test goes
//
// [Boot] takes some ten milliseconds. Everything a [Kernel] does is then a system call of a process at CPL 3, a call of a guest
// function in kernel mode, an interrupt, or time that passes: two runs of a test are equal to the instruction. [Kernel.Run]
// is a sub-test: when it is over the guest goes back to where it was, memory, tasks, files, clock and all. [Kernel.Snapshot] and
// [Kernel.Restore] do that by hand. Sub-tests must not be parallel: they share one guest.
//
// What cannot go on fails the test with the kernel log and the findings behind the message. Methods that begin with Try
// return an error instead.
//
// # Checks and faults
//
// The checks of docs/checks.md are on unless [Config.NoChecks] says otherwise: see [Kernel.ExpectNoFindings]. [Kernel.Fail] has
// calls of kernel functions fail.
//
// docs/testing.md goes through all of it by examples.
package moduletest
