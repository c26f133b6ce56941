// SPDX-License-Identifier: BSD-3-Clause

// Pairs of records that run as one; see internal/gen/pairs.go.

package vm

import "unsafe"

// pairRow is a handler for two records that follow one another: it does what
// first does with its record and then what second does with the next.
type pairRow struct{ first, second, both fastHandler }

type pairKey [2]unsafe.Pointer

// pairHandlers finds the handler of a pair. It is not written to.
var pairHandlers = func() map[pairKey]fastHandler {
	m := make(map[pairKey]fastHandler, len(pairList))
	for i := range pairList {
		p := &pairList[i]
		m[keyOf(p.first, p.second)] = p.both
	}
	return m
}()

func keyOf(first, second fastHandler) pairKey { return pairKey{identity(first), identity(second)} }

// identity tells top-level functions apart: a function value is a pointer to
// what describes it, and those of one function are equal.
func identity(h fastHandler) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&h)) }

// pairRecords gives records that begin a pair its handler, so that as few as
// possible remain to be run. The second record of a pair keeps its own.
func pairRecords(recs []inst) {
	var both [maxBlock]fastHandler // of the record and the next; nil for none
	var steps [maxBlock + 2]uint8  // from the record to the end
	for i := len(recs) - 1; i >= 0; i-- {
		steps[i] = steps[i+1] + 1
		if i+1 == len(recs) {
			continue
		}
		if h := pairHandlers[keyOf(recs[i].fn, recs[i+1].fn)]; h != nil && steps[i+2]+1 < steps[i] {
			steps[i], both[i] = steps[i+2]+1, h
		}
	}
	for i := 0; i < len(recs); i++ {
		if both[i] != nil {
			recs[i].fn = both[i]
			i++
		}
	}
}
