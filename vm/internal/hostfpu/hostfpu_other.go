// SPDX-License-Identifier: BSD-3-Clause
// Hosts without stubs: those without an x87, and 386, whose tests amd64 does.

//go:build !amd64

package hostfpu

import "ring0/vm/float80"

// Available says that there are stubs for the host. Nothing else here may be
// called where there are none.
const Available = false

const none = "hostfpu: stubs are for amd64 hosts only"

// Ops are the operations on registers, by the names of their instructions.
func Ops() map[string]Op { panic(none) }

// FromFloat32 is FLD m32.
func FromFloat32(uint32) (float80.F80, float80.Status) { panic(none) }

// FromFloat64 is FLD m64.
func FromFloat64(uint64) (float80.F80, float80.Status) { panic(none) }

// ToFloat32 is FST m32.
func ToFloat32(float80.F80, float80.Control) (uint32, float80.Status) { panic(none) }

// ToFloat64 is FST m64.
func ToFloat64(float80.F80, float80.Control) (uint64, float80.Status) { panic(none) }
