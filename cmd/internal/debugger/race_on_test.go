// SPDX-License-Identifier: BSD-3-Clause

//go:build race

package debugger

const (
	farAway   = 5_000_000 // instructions: the race detector makes them slow
	underRace = true
)
