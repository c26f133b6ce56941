// SPDX-License-Identifier: BSD-3-Clause

// The section about CPU models: what CPUID, RDMSR and the opcode tables say
// of each, asked of a machine of that model.

package main

import (
	"fmt"
	"slices"
	"strings"

	"ring0/vm"
	"ring0/vm/x86"
)

// modelTable is a machine of each model.
type modelTable struct {
	*page
	models   []vm.Model
	machines []*vm.Machine
}

// modelSection compares the CPU models.
func (p *page) modelSection() error {
	t := modelTable{page: p, models: vm.Models()}
	for _, model := range t.models {
		m, err := vm.New(vm.Config{RAM: vm.PageSize, CPU: model.Name})
		if err != nil {
			return err
		}
		t.machines = append(t.machines, m)
	}
	p.printf("\n## Differences by CPU model\n\n")
	p.printf("The models are those of `vm/model.go`; %s is the default.\n", vm.DefaultModel)
	t.cpuid()
	t.forms()
	t.msrs()
	p.printf("\n### Behaviour\n\n")
	p.list(noteModel)
	return nil
}

// head begins a table with a column for each model.
func (t *modelTable) head(title, first string) {
	t.printf("\n### %s\n\n| %s |", title, first)
	for i := range t.models {
		t.printf(" %s |", t.models[i].Name)
	}
	t.printf("\n|---|%s\n", strings.Repeat("---|", len(t.models)))
}

// line writes a line of a table.
func (t *modelTable) line(first string, cell func(i int) string) {
	t.printf("| %s |", first)
	for i := range t.models {
		t.printf(" %s |", cell(i))
	}
	t.printf("\n")
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return ""
}

// cpuid shows the leaves, the features by name and the bits of CR4.
func (t *modelTable) cpuid() {
	t.head("CPUID and CR4", "Leaf, register")
	for _, leaf := range [...]uint32{0, 1, 2, 0x80000000, 0x80000001} {
		for r, name := range [...]string{"EAX", "EBX", "ECX", "EDX"} {
			t.line(fmt.Sprintf("%x %s", leaf, name), func(i int) string {
				return fmt.Sprintf("%08x", t.machines[i].CPUID(leaf)[r])
			})
		}
	}
	t.line("maker", func(i int) string { return t.models[i].Maker })
	t.line("80000002–80000004, the brand", func(i int) string { return t.models[i].Brand })
	var names []string
	for i := range t.models {
		for _, f := range t.models[i].Features() {
			if !slices.Contains(names, f) {
				names = append(names, f)
			}
		}
	}
	for _, name := range names {
		t.line(name, func(i int) string { return yes(slices.Contains(t.models[i].Features(), name)) })
	}
	t.line("CR4 bits that are not reserved", func(i int) string { return fmt.Sprintf("%03x", t.models[i].CR4Bits()) })
	t.printf("\nBeyond its last basic leaf a model answers as for leaf 2. EDX after reset is EAX of leaf 1.\n")
}

// forms counts the rows that belong to a feature, and says where they are #UD.
func (t *modelTable) forms() {
	count := map[string]int{}
	var features []string
	example := map[string]*x86.Inst{}
	for r := range x86.Rows() {
		in := instOf(r)
		f := vm.Feature(in)
		if f == "" {
			continue
		}
		if count[f]++; count[f] == 1 {
			features, example[f] = append(features, f), in
		}
	}
	t.head("Forms that are #UD", "Since")
	for _, f := range features {
		t.line(f, func(i int) string {
			if t.models[i].Has(example[f]) {
				return ""
			}
			return fmt.Sprintf("%d #UD", count[f])
		})
	}
	t.printf("\nThe column \"Since\" of the tables above says which they are. Test: `vm/conformance`, TestAbsentInstructions,\n" +
		"executes each of them on each model.\n")
}

// msrs shows which registers a model has.
func (t *modelTable) msrs() {
	t.head("Model-specific registers", "Register")
	for _, r := range vm.MSRs() {
		number := fmt.Sprintf("%x", r.First)
		if r.Last != r.First {
			number += fmt.Sprintf("–%x", r.Last)
		}
		t.line(number+" "+r.Name, func(i int) string {
			_, readable := t.machines[i].MSR(r.First)
			return yes(readable || t.machines[i].SetMSR(r.First, 0))
		})
	}
	t.printf("\nAny other, and those that a model lacks, are #GP(0).\n")
}
