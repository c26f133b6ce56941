// SPDX-License-Identifier: BSD-3-Clause
// What callers use.

package explain

// Explain explains the next instruction.
func (x *Explainer) Explain() Explanation {
	return Explanation{Text: "explanations are not written yet"}
}
