// SPDX-License-Identifier: BSD-3-Clause
// Hosts without an x87.

//go:build !amd64

package hostfpu

import "ring0/vm/float80"

// Available says that the host has an x87. Nothing else here may be called
// where it has not.
const Available = false

const none = "hostfpu: the host has no x87"

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
