// SPDX-License-Identifier: BSD-3-Clause

package debugger_test

import (
	"fmt"

	"ring0/cmd/internal/debugger"
	"ring0/cmd/internal/session"
)

// A module is run to its end, and then asked from there what led to its last log line.
func Example() {
	d, err := debugger.Start(debugger.Config{Session: session.Config{
		Modules: []session.Module{{File: "../../../testdata/modules/hello.o"}},
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer d.Close()
	stop, _ := d.Continue(debugger.Forward)
	fmt.Println(stop.Reason, "-", stop.Result.Verdict)

	id, _ := d.Break(debugger.Location{Kind: debugger.AtSymbol, Symbol: "printk"})
	stop, _ = d.Continue(debugger.Backward)
	fmt.Println(stop.Reason, stop.Breakpoint == id)
	d.Delete(id)

	d.Finish(debugger.Backward) // to the call
	calls := d.Calls()
	d.Next(debugger.Forward)
	log := d.View().Kernel().Log()
	fmt.Println(len(d.Calls())-len(calls), "kernel events, and the log says:", log[len(log)-1].Text)

	before := d.View().Registers().ESP
	stop, _ = d.LastWrite(debugger.Range{Addr: before, Size: 4})
	fmt.Println("its first argument was written by an instruction of the module:", stop.Hits[0].Host == "")
	// Output:
	// run ended - success
	// breakpoint true
	// 2 kernel events, and the log says: hello: list 1,2,3,4 pair 5,6 names x,y,z
	// its first argument was written by an instruction of the module: true
}
