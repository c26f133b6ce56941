// SPDX-License-Identifier: BSD-3-Clause
// What package abi is and how its parts hang together.

// Package abi holds facts about the modelled 2.4 kernels and no behaviour: structure layouts, constants, exported
// symbols, System.map, error numbers, system call numbers, segment selectors.
//
// A [Profile] is one kernel build. Its tables are embedded text (see data/README.md) that is searched in place:
// nothing is parsed when the program starts, and a lookup reads only the lines it needs.
//
//	profile, err := abi.ProfileByName("2.4.18-14")
//	task, err := profile.Struct("task_struct")
//	pid, err := task.Field("pid") // pid.Off 120, pid.Size 4, pid.Signed true
//
// Code that touches guest structures binds a Go struct once and then names fields; [Profile.Structs] binds all those
// declared here:
//
//	structs, err := profile.Structs()
//	structs.Task.Pid, structs.Module.Flags, structs.Task.ThreadEsp0
//
// All addresses and sizes are guest addresses and bytes unless a comment says otherwise.
package abi
