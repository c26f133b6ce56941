// SPDX-License-Identifier: BSD-3-Clause
// What the checks found and what failed on demand, as text and for the JSON report.

package session

import (
	"fmt"
	"io"
	"strings"

	"ring0/guestkernel"
)

// Findings lists what the checks have found, with the modules' own names for places.
func (r *Result) Findings() []guestkernel.Finding {
	var all []guestkernel.Finding
	for _, f := range r.Kernel.Findings() {
		all = append(all, f.Named(r.locate))
	}
	return all
}

// locate names a place in one of the modules. Two that were loaded one after the other may have had the same addresses.
func (r *Result) locate(p guestkernel.Place) (name string, ok bool) {
	for i := range r.Modules {
		img := r.Modules[i].Image
		if img != nil && img.Contains(p.EIP) && strings.HasSuffix(p.Symbol, "["+img.Name+"]") {
			return img.Locate(p.EIP)
		}
	}
	return "", false
}

// WriteFindings writes what the checks have found, or that they found nothing where there was something to look at.
func (r *Result) WriteFindings(w io.Writer) {
	if !r.Checked || r.BadInput() != nil && len(r.Findings()) == 0 {
		return
	}
	findings := r.Findings()
	for _, f := range findings {
		fmt.Fprintln(w, f)
	}
	if len(findings) == 0 {
		fmt.Fprintln(w, "checks: nothing found")
	}
}

// WriteFaults writes which calls failed on demand, and which faults did not come about.
func (r *Result) WriteFaults(w io.Writer) {
	for _, f := range r.Kernel.Faults() {
		for _, site := range f.Sites {
			fmt.Fprintf(w, "fail: %s: call %d from %s: %s\n", f.Function, site.Call, r.name(site.At), site.Result)
		}
		if more := f.Failed - uint64(len(f.Sites)); more > 0 {
			fmt.Fprintf(w, "fail: %s: and %d calls more\n", f.Function, more)
		}
		if f.Failed == 0 {
			fmt.Fprintf(w, "fail: %s: no such call, only %d\n", f.Fault, f.Calls)
		}
	}
}

// name is a place by the module's own symbols where they are known.
func (r *Result) name(p guestkernel.Place) string {
	if s, ok := r.locate(p); ok {
		return s
	}
	return p.Symbol
}

// FindingDocument is something that the checks have found.
type FindingDocument struct {
	Kind      string         `json:"kind"`
	Module    string         `json:"module"`
	Text      string         `json:"text"`
	Count     int            `json:"count"`
	At        *PlaceDocument `json:"at,omitempty"`
	Allocated *PlaceDocument `json:"allocated,omitempty"`
	Freed     *PlaceDocument `json:"freed,omitempty"`
}

// PlaceDocument is a place in guest code.
type PlaceDocument struct {
	EIP    string `json:"eip"`
	Symbol string `json:"symbol"`
}

// FaultDocument is an injected fault and what came of it.
type FaultDocument struct {
	Fault  string              `json:"fault"`
	Calls  uint64              `json:"calls"`
	Failed uint64              `json:"failed"`
	Sites  []FaultSiteDocument `json:"sites"`
}

// FaultSiteDocument is a call that failed on demand.
type FaultSiteDocument struct {
	Call   uint64         `json:"call"`
	At     *PlaceDocument `json:"at"`
	Result string         `json:"result"`
}

// findingDocuments is nil when there were no checks.
func (r *Result) findingDocuments() *[]FindingDocument {
	if !r.Checked {
		return nil
	}
	all := []FindingDocument{}
	for _, f := range r.Findings() {
		d := FindingDocument{Kind: string(f.Kind), Module: f.Module, Text: f.Text, Count: f.Count,
			Allocated: placeDocument(f.Allocated), Freed: placeDocument(f.Freed)}
		if f.At != (guestkernel.Place{}) {
			d.At = placeDocument(&f.At)
		}
		all = append(all, d)
	}
	return &all
}

func (r *Result) faultDocuments() (all []FaultDocument) {
	for _, f := range r.Kernel.Faults() {
		d := FaultDocument{f.Fault.String(), f.Calls, f.Failed, []FaultSiteDocument{}}
		for _, s := range f.Sites {
			place := guestkernel.Place{EIP: s.At.EIP, Symbol: r.name(s.At)}
			d.Sites = append(d.Sites, FaultSiteDocument{s.Call, placeDocument(&place), s.Result})
		}
		all = append(all, d)
	}
	return all
}

func placeDocument(p *guestkernel.Place) *PlaceDocument {
	if p == nil {
		return nil
	}
	return &PlaceDocument{EIP: fmt.Sprintf("%#08x", p.EIP), Symbol: p.Symbol}
}
