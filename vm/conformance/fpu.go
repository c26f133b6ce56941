// SPDX-License-Identifier: BSD-3-Clause
// x87, MMX and SSE state. Provisional: the machine has none yet.

package conformance

import "ring0/vm/vectors"

func (b *bench) loadFPU(*vectors.State) {}
func (b *bench) readFPU(*vectors.State) {}

func (d *differences) fpu(*vectors.Record, *outcome, uint16) {}
