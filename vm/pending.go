// SPDX-License-Identifier: BSD-3-Clause

// Chapters that are not written yet: their instructions stop the run by name.

package vm

// fpuState is the x87, MMX and SSE state.
type fpuState struct{}

func (f *fpuState) reset() {}

var fpuOps, sseOps opTable
