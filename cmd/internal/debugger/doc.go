// SPDX-License-Identifier: BSD-3-Clause

// Package debugger is the debugger under every face: it drives one session
// (booting, loading modules, steps) forwards and backwards, and shows the
// machine wherever it stands. It knows no terminal, no protocol and no
// command language.
//
// # Shape
//
// The debuggee runs on a goroutine of its own and stands still inside a call
// of the machine's monitor while somebody looks at it. All methods of a
// Debugger are for one goroutine at a time, except Interrupt, which may be
// called from anywhere and ends a long move.
//
//	d, err := debugger.Start(debugger.Config{Session: …})
//	defer d.Close()
//	d.Break(debugger.Location{Kind: debugger.AtModuleInit})
//	stop, err := d.Continue(debugger.Forward)
//	stop, err = d.StepInsn(debugger.Backward, 1)
//	v := d.View()
//	fmt.Println(v.Registers().EAX, stop.Position)
//
// Going backwards is a direction, not a second set of commands: every move
// takes Forward or Backward.
//
// # Where one is
//
// A Position is an instruction count and an index among the places that share
// it: a faulting instruction does not retire, so the place before it, the
// exception, and the first instruction of its handler have one count. What
// happens at a position is a function of the session's configuration and of
// the edits made before it. So going back means going to an earlier state
// (the nearest checkpoint, or a fresh boot) and executing again.
package debugger
