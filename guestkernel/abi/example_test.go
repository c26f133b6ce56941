// SPDX-License-Identifier: BSD-3-Clause
// One example per thing a user of the package does.

package abi_test

import (
	"fmt"
	"log"

	"ring0/guestkernel/abi"
)

func ExampleProfile_Struct() {
	p, err := abi.ProfileByName("2.4.18-14")
	if err != nil {
		log.Fatal(err)
	}
	task, err := p.Struct("task_struct")
	if err != nil {
		log.Fatal(err)
	}
	pid, err := task.Field("pid")
	fmt.Println(task.Size, pid.Off, pid.Size, pid.Signed, err)
	_, err = task.Field("nice")
	fmt.Println(err)
	// Output:
	// 1456 120 4 true <nil>
	// abi: struct task_struct has no field "nice" in profile 2.4.18-14
}

func ExampleProfile_Bind() {
	var task struct {
		Size    uint32    `c:"(sizeof)"`
		Esp0    abi.Field `c:"thread.esp0"`
		NoFiles abi.Field `c:"rlim[7].rlim_max"`
		Counter abi.Field `c:"counter,optional"`
	}
	for _, name := range abi.ProfileNames() {
		p, err := abi.ProfileByName(name)
		if err == nil {
			err = p.Bind("task_struct", &task)
		}
		fmt.Println(name, task.Size, task.Esp0.Off, task.NoFiles.Off, task.Counter.Exists, err)
	}
	// Output:
	// 2.4.18-14 1456 624 544 false <nil>
	// 2.4.37 1440 624 544 true <nil>
}

func ExampleProfile_Lookup() {
	p, err := abi.ProfileByName("2.4.18-14")
	if err != nil {
		log.Fatal(err)
	}
	name, offset, _ := p.Lookup(0xc011bf79)
	fmt.Printf("%s [kernel] %#x\n", name, offset)
	// Output: sys_init_module [kernel] 0x4d9
}

func ExampleErrno() {
	fmt.Println(-abi.EBUSY, (-abi.EBUSY).Text(), int(-abi.EBUSY))
	// Output: EBUSY Device or resource busy -16
}

func ExampleParsePrototype() {
	p, err := abi.ParsePrototype("loff_t no_llseek (struct file *, loff_t, int)")
	if err != nil {
		log.Fatal(err)
	}
	for _, param := range p.Params {
		fmt.Println(param.Slot, param.Type.Slots(), param.Type.Kind, param.Type.Name)
	}
	// Output:
	// 0 1 pointer struct file *
	// 1 2 long long loff_t
	// 3 1 int int
}
