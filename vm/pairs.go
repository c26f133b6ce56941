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
// possible remain to be run. The second record of a pair, which may be a pair
// itself, keeps its own.
func pairRecords(recs []inst) {
	var best [maxBlock + 2]struct {
		steps uint8       // to run from the record to the end
		n     uint8       // records in the first of them
		fn    fastHandler // which runs them
		pair  fastHandler // of the record and the next; nil for none
	}
	for i := len(recs) - 1; i >= 0; i-- {
		b := &best[i]
		b.steps, b.n, b.fn = best[i+1].steps+1, 1, recs[i].fn
		if i+1 == len(recs) {
			continue
		}
		consider := func(second fastHandler, n int) fastHandler {
			if second == nil {
				return nil
			}
			h := pairHandlers[keyOf(recs[i].fn, second)]
			if h != nil && best[i+n].steps+1 < b.steps {
				b.steps, b.n, b.fn = best[i+n].steps+1, uint8(n), h
			}
			return h
		}
		b.pair = consider(recs[i+1].fn, 2)
		consider(best[i+1].pair, 3)
	}
	for i := 0; i < len(recs); i += int(best[i].n) {
		recs[i].fn = best[i].fn
	}
}
