// SPDX-License-Identifier: BSD-3-Clause

//go:build !race

package debugger

const (
	farAway   = 100_000_000 // instructions
	underRace = false
)
