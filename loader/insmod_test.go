// SPDX-License-Identifier: BSD-3-Clause
// insmod and rmmod against a process that answers as told, well and badly. What
// the modelled kernel makes of them is tested where both are at hand.

package loader

import (
	"encoding/binary"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel"
	"ring0/guestkernel/abi"
)

// fakeProcess has user memory from 0x1000 on and a handler per system call.
type fakeProcess struct {
	memory  []byte
	calls   []string
	answers map[uint32]func(p *fakeProcess, args []uint32) guestkernel.Outcome
}

const fakeBase = 0x1000

func (p *fakeProcess) Alloc(size uint32) (uint32, error) {
	if len(p.memory)+int(size) > 8<<20 {
		return 0, errors.New("out of memory")
	}
	at := fakeBase + uint32(len(p.memory))
	p.memory = append(p.memory, make([]byte, size)...)
	return at, nil
}

func (p *fakeProcess) WriteUser(addr uint32, b []byte) error {
	copy(p.memory[addr-fakeBase:], b)
	return nil
}

func (p *fakeProcess) ReadUser(addr uint32, b []byte) error {
	copy(b, p.memory[addr-fakeBase:])
	return nil
}

func (p *fakeProcess) Syscall(nr uint32, args ...uint32) guestkernel.Outcome {
	return p.answers[nr](p, args)
}

func (p *fakeProcess) text(addr uint32) string {
	if addr == 0 {
		return "NULL"
	}
	s, _ := cString(p.memory[addr-fakeBase:])
	return s
}

func returned(value int32) guestkernel.Outcome {
	return guestkernel.Outcome{Kind: guestkernel.Returned, Value: value}
}

func failed(e abi.Errno) func(*fakeProcess, []uint32) guestkernel.Outcome {
	return func(*fakeProcess, []uint32) guestkernel.Outcome { return returned(-int32(e)) }
}

// fakeKernel answers query_module as 2.4 does, from a table, with ENOSPC until
// the buffer is large enough.
func fakeKernel(providers []Provider) *fakeProcess {
	p := &fakeProcess{answers: map[uint32]func(*fakeProcess, []uint32) guestkernel.Outcome{}}
	p.answers[abi.NrQueryModule] = func(p *fakeProcess, args []uint32) guestkernel.Outcome {
		name := p.text(args[0])
		p.calls = append(p.calls, fmt.Sprintf("query_module(%s,%d,%d)", name, args[1], args[3]))
		answer, count := fakeAnswer(providers, name, args[1])
		if args[1] == 0 {
			return returned(0)
		}
		if uint32(len(answer)) > args[3] {
			putLE32(p.memory[args[4]-fakeBase:], uint32(len(answer)))
			return returned(-int32(abi.ENOSPC))
		}
		copy(p.memory[args[2]-fakeBase:], answer)
		putLE32(p.memory[args[4]-fakeBase:], count)
		return returned(0)
	}
	p.answers[abi.NrCreateModule] = func(p *fakeProcess, args []uint32) guestkernel.Outcome {
		p.calls = append(p.calls, fmt.Sprintf("create_module(%s,%#x)", p.text(args[0]), args[1]))
		return returned(-0x377cf000) // testBase as int32
	}
	p.answers[abi.NrInitModule] = func(p *fakeProcess, args []uint32) guestkernel.Outcome {
		p.calls = append(p.calls, fmt.Sprintf("init_module(%s,%d)", p.text(args[0]), le32(p.memory[args[1]-fakeBase:])))
		return returned(0)
	}
	p.answers[abi.NrDeleteModule] = func(p *fakeProcess, args []uint32) guestkernel.Outcome {
		p.calls = append(p.calls, fmt.Sprintf("delete_module(%s)", p.text(args[0])))
		return returned(0)
	}
	return p
}

func fakeAnswer(providers []Provider, name string, which uint32) (answer []byte, count uint32) {
	for _, p := range providers {
		switch {
		case which == abi.QMModules && !p.isKernel():
			answer = append(append(answer, p.Name...), 0)
			count++
		case which == abi.QMInfo && p.Name == name:
			answer = binary.LittleEndian.AppendUint32(answer, p.Addr)
			return append(answer, make([]byte, 12)...), 16
		case which == abi.QMSymbols && (p.Name == name || p.isKernel() && name == "NULL"):
			return symbolAnswer(p.Exports), uint32(len(p.Exports))
		}
	}
	return answer, count
}

func symbolAnswer(exports []Export) []byte {
	table := make([]byte, 8*len(exports))
	for i, e := range exports {
		putLE32(table[8*i:], e.Value)
		putLE32(table[8*i+4:], uint32(len(table)))
		table = append(append(table, e.Name...), 0)
	}
	return table
}

func goodFile(t *testing.T) *Object {
	object, err := Parse("dir/good.o", goodObject().build(t).bytes)
	require.NoError(t, err)
	return object
}

func manyExports(n int) []Export {
	var list []Export
	for i := range n {
		list = append(list, Export{fmt.Sprintf("symbol_number_%d", i), uint32(i)})
	}
	return list
}

func TestInsmodCalls(t *testing.T) {
	providers := []Provider{
		{Name: "newer", Addr: 0xc8840000, Exports: manyExports(100)},
		{Name: "older", Addr: 0xc8830000, Exports: []Export{{"printk", 0xc8830100}}},
		{Exports: append(manyExports(1000), Export{"printk", 0xc011afe0})},
	}
	p := fakeKernel(providers)
	loaded, err := Insmod(p, goodFile(t), Options{})
	require.NoError(t, err)
	require.Equal(t, "good", loaded.Name)
	require.Equal(t, uint32(testBase), loaded.Image.Base)
	require.Equal(t, []Dependency{{"older", 0xc8830000}}, loaded.Image.Deps)
	require.Equal(t, []string{
		"query_module(NULL,0,0)", "query_module(NULL,1,256)",
		"query_module(newer,5,16)", "query_module(newer,4,1024)", "query_module(newer,4,2490)",
		"query_module(older,5,16)", "query_module(older,4,1024)",
		"query_module(NULL,4,16384)", "query_module(NULL,4,25905)",
		fmt.Sprintf("create_module(good,%#x)", loaded.Image.Size()), "init_module(good,96)",
	}, p.calls)

	got, err := QueryProviders(p, "")
	require.NoError(t, err)
	require.Equal(t, providers, got)
}

func TestInsmodFailures(t *testing.T) {
	oops := func(*fakeProcess, []uint32) guestkernel.Outcome {
		return guestkernel.Outcome{Kind: guestkernel.Killed, Signal: 11, Reason: "oops"}
	}
	for _, c := range []struct {
		name   string
		nr     uint32
		answer func(*fakeProcess, []uint32) guestkernel.Outcome
		want   string
		last   string // call; empty: not looked at
	}{
		{"create EPERM", abi.NrCreateModule, failed(abi.EPERM), "dir/good.o: create_module: Operation not permitted (EPERM)", ""},
		{"create EEXIST", abi.NrCreateModule, failed(abi.EEXIST), "dir/good.o: a module named good already exists: File exists (EEXIST)", ""},
		{"create ENOMEM", abi.NrCreateModule, failed(abi.ENOMEM),
			"dir/good.o: can't allocate kernel memory for module; needed 416 bytes: Cannot allocate memory (ENOMEM)", ""},
		{"create at an odd address", abi.NrCreateModule, func(*fakeProcess, []uint32) guestkernel.Outcome { return returned(-0x377cefff) },
			"dir/good.o: base 0xc8831001 is not page aligned", "delete_module(good)"},
		{"init EBUSY", abi.NrInitModule, failed(abi.EBUSY),
			"dir/good.o: init_module: Device or resource busy (EBUSY)\n" + initHint, "delete_module(good)"},
		{"init oopses", abi.NrInitModule, oops, "dir/good.o: init_module: killed by signal 11: oops", ""},
		{"no query_module", abi.NrQueryModule, failed(abi.ENOSYS),
			"dir/good.o: the kernel has create_module but no query_module: its symbols are unknown", "delete_module(good)"},
		{"query EFAULT", abi.NrQueryModule, failed(abi.EFAULT), "dir/good.o: query_module: Bad address (EFAULT)", ""},
		{"query panics", abi.NrQueryModule, oops, "dir/good.o: query_module: killed by signal 11: oops", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := fakeKernel(testKernel())
			p.answers[c.nr] = c.answer
			loaded, err := Insmod(p, goodFile(t), Options{})
			require.EqualError(t, err, c.want)
			require.Equal(t, "good", loaded.Name)
			if c.last != "" {
				require.Equal(t, c.last, p.calls[len(p.calls)-1])
			}
		})
	}
}

// TestInsmodOnLaterKernel: neither call is there; create_module's answer is told.
func TestInsmodOnLaterKernel(t *testing.T) {
	p := fakeKernel(nil)
	p.answers[abi.NrQueryModule] = failed(abi.ENOSYS)
	p.answers[abi.NrCreateModule] = failed(abi.ENOSYS)
	_, err := Insmod(p, goodFile(t), Options{Release: "2.6.0"})
	require.EqualError(t, err, "dir/good.o: create_module: Function not implemented (ENOSYS)")
	var call *CallError
	require.ErrorAs(t, err, &call)
	require.Equal(t, abi.ENOSYS, call.Errno)
}

// TestModuleRemovedMeanwhile: a module that is gone when asked about is left out.
func TestModuleRemovedMeanwhile(t *testing.T) {
	p := fakeKernel([]Provider{{Name: "here", Addr: 1}, {Exports: []Export{{"printk", 1}}}})
	answer := p.answers[abi.NrQueryModule]
	p.answers[abi.NrQueryModule] = func(p *fakeProcess, args []uint32) guestkernel.Outcome {
		if args[1] == abi.QMInfo {
			return returned(-int32(abi.ENOENT))
		}
		return answer(p, args)
	}
	providers, err := QueryProviders(p, "")
	require.NoError(t, err)
	require.Equal(t, []Provider{{Exports: []Export{{"printk", 1}}}}, providers)
}

// TestLyingKernel: a module may have edited what query_module answers.
func TestLyingKernel(t *testing.T) {
	lie := func(which uint32, value int32, count uint32, bytes []byte) *fakeProcess {
		p := fakeKernel([]Provider{{Name: "m", Addr: 1}, {}})
		answer := p.answers[abi.NrQueryModule]
		p.answers[abi.NrQueryModule] = func(p *fakeProcess, args []uint32) guestkernel.Outcome {
			if args[1] != which {
				return answer(p, args)
			}
			copy(p.memory[args[2]-fakeBase:], bytes)
			putLE32(p.memory[args[4]-fakeBase:], count)
			return returned(value)
		}
		return p
	}
	const noSpace = -int32(abi.ENOSPC)
	for _, c := range []struct {
		name string
		p    *fakeProcess
		want string
	}{
		{"names without end", lie(abi.QMModules, 0, 300, nil), "insmod: query_module: QM_MODULES: 300 names do not end within 256 bytes"},
		{"four billion names", lie(abi.QMModules, 0, 0xffffffff, nil), "insmod: query_module: QM_MODULES: 4294967295 names do not end within 256 bytes"},
		{"more symbols than bytes", lie(abi.QMSymbols, 0, 0x20000000, nil), "insmod: query_module: QM_SYMBOLS: m: 536870912 symbols do not fit 1024 bytes"},
		{"name outside", lie(abi.QMSymbols, 0, 1, []byte{0, 0, 0, 0, 0, 0, 1, 0}), "insmod: query_module: QM_SYMBOLS: m: symbol 0: name: offset 0x10000 is outside the string table (0x400 bytes)"},
		{"wants a huge buffer", lie(abi.QMModules, noSpace, 0xffffffff, nil), "insmod: query_module: QM_MODULES: No space left on device (ENOSPC)"},
		{"wants no more", lie(abi.QMModules, noSpace, 5, nil), "insmod: query_module: QM_MODULES: No space left on device (ENOSPC)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := QueryProviders(c.p, "")
			require.EqualError(t, err, c.want)
		})
	}

	p := fakeKernel(nil)
	p.answers[abi.NrQueryModule] = func(p *fakeProcess, args []uint32) guestkernel.Outcome {
		if args[1] == 0 {
			return returned(0)
		}
		putLE32(p.memory[args[4]-fakeBase:], args[3]+1)
		return returned(noSpace)
	}
	_, err := QueryProviders(p, "")
	require.EqualError(t, err, "insmod: query_module: QM_MODULES: the kernel wants a larger buffer each time")
}

func TestRmmod(t *testing.T) {
	p := fakeKernel(nil)
	require.NoError(t, Rmmod(p, "fat"))
	require.NoError(t, Rmmod(p, ""))
	require.Equal(t, []string{"delete_module(fat)", "delete_module(NULL)"}, p.calls)
	p.answers[abi.NrDeleteModule] = failed(abi.EBUSY)
	require.EqualError(t, Rmmod(p, "fat"), "rmmod: can't unload module 'fat': Device or resource busy (EBUSY)")
}

func TestInsmodImage(t *testing.T) {
	kernel := testKernel()
	img := mustLink(t, goodObject(), kernel, Options{})
	p := fakeKernel(kernel)
	loaded, err := InsmodImage(p, img)
	require.NoError(t, err)
	require.Same(t, img, loaded.Image)
	require.Equal(t, "init_module(good,96)", p.calls[len(p.calls)-1])

	_, err = InsmodImage(fakeKernel([]Provider{{Exports: []Export{{"printk", 1}}}}), img)
	require.EqualError(t, err, "good: linked to printk at 0xc011afe0, which the running kernel does not export there")

	p = fakeKernel(kernel)
	p.answers[abi.NrCreateModule] = func(*fakeProcess, []uint32) guestkernel.Outcome { return returned(-0x37000000) }
	_, err = InsmodImage(p, img)
	require.EqualError(t, err, "good: linked for address 0xc8831000, but create_module returned 0xc9000000")
	require.Equal(t, "delete_module(good)", p.calls[len(p.calls)-1])
}
