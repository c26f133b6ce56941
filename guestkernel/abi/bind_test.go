// SPDX-License-Identifier: BSD-3-Clause
// Binding: every layout of this package for every profile, which fields are missing where, and the errors.

package abi_test

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel/abi"
)

func TestStructsBindInEveryProfile(t *testing.T) {
	absent := map[string][]string{}
	for _, name := range abi.ProfileNames() {
		all, err := profile(t, name).Structs()
		require.NoError(t, err)
		value := reflect.ValueOf(*all)
		for i := range value.NumField() {
			structName, layout := value.Type().Field(i).Name, value.Field(i)
			if layout.FieldByName("Size").Uint() == 0 {
				require.Contains(t, value.Type().Field(i).Tag.Get("c"), ",optional", structName)
				absent[name] = append(absent[name], structName)
				continue
			}
			for j := range layout.NumField() {
				if field, ok := layout.Field(j).Interface().(abi.Field); ok && !field.Exists {
					absent[name] = append(absent[name], structName+"."+layout.Type().Field(j).Name)
				}
			}
		}
	}
	require.Equal(t, map[string][]string{
		"2.4.18-14": {"Task.Processor", "Task.Counter", "Task.Nice", "Task.CpusRunnable", "Task.SleepTime",
			"MM.SwapAddress", "Zone.NrActivePages", "Zone.NrInactivePages", "ProcDirEntry.Set"},
		"2.4.37": {"Task.Cpu", "Task.Prio", "Task.StaticPrio", "Task.Array", "Task.SleepAvg", "Task.SleepTimestamp",
			"Task.TimeSlice", "Task.FirstTimeSlice", "Task.CpusAllowedMask", "IRQCPUStat.IdleTimestamp", "MM.RlimitRss",
			"Page.Age", "Page.PteChain", "Page.Virtual", "Zone.ActivePages", "Zone.InactiveDirtyPages",
			"Zone.InactiveCleanPages", "Zone.PagesMin", "Zone.PagesLow", "Zone.PagesHigh",
			"Elevator.MaxBombSegments", "Mempool", "MempoolNode"},
	}, absent)
}

func TestStructsSpotValues(t *testing.T) {
	all, err := profile(t, "2.4.18-14").Structs()
	require.NoError(t, err)
	require.EqualValues(t, 96, all.Module.Size)
	require.EqualValues(t, 1456, all.Task.Size)
	require.Equal(t, abi.Field{Off: 16, Size: 4, Signed: true, Exists: true}, all.Module.Usecount)
	require.Equal(t, abi.Field{Off: 624, Size: 4, Exists: true}, all.Task.ThreadEsp0)
	require.Equal(t, abi.Field{Off: 1392, Size: 8, Exists: true}, all.Task.PendingSignal)
	require.Equal(t, abi.Field{Off: 12, Size: 4, Exists: true}, all.CPUInfo.Capability0)
	require.Equal(t, abi.Field{Off: 64, Size: 4, Exists: true}, all.Dentry.NameLen)
}

func TestBindOptional(t *testing.T) {
	task := struct {
		Size    uint32    `c:"(sizeof)"`
		Counter abi.Field `c:"counter,optional"`
	}{Counter: abi.Field{Off: 99, Exists: true}}
	require.NoError(t, profile(t, "2.4.18-14").Bind("task_struct", &task))
	require.EqualValues(t, 1456, task.Size)
	require.Zero(t, task.Counter, "absent, whatever stood there before")
	require.NoError(t, profile(t, "2.4.37").Bind("task_struct", &task))
	require.Equal(t, abi.Field{Off: 32, Size: 4, Signed: true, Exists: true}, task.Counter)
}

func TestBindErrors(t *testing.T) {
	p := profile(t, "2.4.18-14")
	bind := func(name string, target any, want string) {
		t.Helper()
		require.EqualError(t, p.Bind(name, target), want)
	}
	bind("task_struct", &struct {
		Counter abi.Field `c:"counter"`
	}{}, `abi: Bind struct task_struct: Go field Counter: abi: struct task_struct has no field "counter" in profile 2.4.18-14`)
	bind("no_such", &struct{}{}, `abi: profile 2.4.18-14 has no structure "no_such"`)
	bind("module", struct{}{}, `abi: Bind module: target is struct {}, want a pointer to a struct`)
	bind("module", nil, `abi: Bind module: target is <nil>, want a pointer to a struct`)
	bind("module", (*abi.ModuleLayout)(nil), `abi: Bind module: target is a nil *abi.ModuleLayout`)
	bind("module", &struct{ Name abi.Field }{}, `abi: Bind struct module: Go field Name has no c tag`)
	bind("module", &struct {
		Name string `c:"name"`
	}{}, `abi: Bind struct module: Go field Name: type string, want abi.Field or uint32`)
	bind("module", &struct {
		Name uint32 `c:"name"`
	}{}, `abi: Bind struct module: Go field Name: a uint32 holds (sizeof), not "name"`)
	bind("module", &struct {
		name abi.Field `c:"name"`
	}{}, `abi: Bind struct module: Go field name: not exported`)
	bind("module", &struct {
		Name abi.Field `c:"name,maybe"`
	}{}, `abi: Bind struct module: Go field Name: unknown option "maybe" in tag "name,maybe"`)
	bind("hwif_s", &struct {
		Chipset abi.Field `c:"chipset"`
	}{}, `abi: Bind struct hwif_s: Go field Chipset: abi: struct hwif_s.chipset in profile 2.4.18-14: unknown type "hwif_chipset_t"`)
}

func BenchmarkStruct(b *testing.B) {
	p := profile(b, "2.4.18-14")
	for b.Loop() {
		_, err := p.Struct("task_struct")
		require.NoError(b, err)
	}
}

func BenchmarkStructs(b *testing.B) {
	p := profile(b, "2.4.18-14")
	for b.Loop() {
		_, err := p.Structs()
		require.NoError(b, err)
	}
}

func BenchmarkConstant(b *testing.B) {
	p := profile(b, "2.4.18-14")
	for b.Loop() {
		p.Constant("GFP_KERNEL")
	}
}

func BenchmarkExports(b *testing.B) {
	p := profile(b, "2.4.18-14")
	for b.Loop() {
		p.Exports()
	}
}

func BenchmarkSymbols(b *testing.B) {
	p := profile(b, "2.4.18-14")
	for b.Loop() {
		p.Symbols()
	}
}

func BenchmarkSymbol(b *testing.B) {
	p := profile(b, "2.4.18-14")
	for b.Loop() {
		p.Symbol("vmlist") // near the end of the table
	}
}

func BenchmarkLookup(b *testing.B) {
	p := profile(b, "2.4.18-14")
	for b.Loop() {
		p.Lookup(0xc0109143)
	}
}
