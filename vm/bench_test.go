// SPDX-License-Identifier: BSD-3-Clause

// Guest speed in instructions per second: tight loops of arithmetic, memory,
// calls and strings, and the workload objects of the peers' comparison.

package vm

import (
	"debug/elf"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// loops are endless loops at flatCode.
var loops = []struct {
	name string
	code []byte
}{
	// 1: add eax,ebx; xor ecx,eax; sub edx,ecx; shl eax,3; inc esi; lea edi,[esi+eax*2]; dec ebp; jmp 1
	{"arith", []byte{0x01, 0xd8, 0x31, 0xc1, 0x29, 0xca, 0xc1, 0xe0, 0x03, 0x46, 0x8d, 0x3c, 0x46, 0x4d, 0xeb, 0xf0}},
	// 1: mov eax,[0x200000]; add eax,1; mov [0x200000],eax; mov ecx,[0x200004]; mov [0x200008],ecx; jmp 1
	{"memory", []byte{0xa1, 0, 0, 0x20, 0, 0x83, 0xc0, 1, 0xa3, 0, 0, 0x20, 0, 0x8b, 0x0d, 4, 0, 0x20, 0, 0x89, 0x0d, 8, 0, 0x20, 0, 0xeb, 0xe5}},
	// 1: call f; jmp 1; f: push ebp; mov ebp,esp; pop ebp; ret
	{"calls", []byte{0xe8, 2, 0, 0, 0, 0xeb, 0xf9, 0x55, 0x89, 0xe5, 0x5d, 0xc3}},
	// 1: mov edi,0x200000; mov esi,0x210000; mov ecx,1024; rep movsd; jmp 1
	{"strings", []byte{0xbf, 0, 0, 0x20, 0, 0xbe, 0, 0, 0x21, 0, 0xb9, 0, 4, 0, 0, 0xf3, 0xa5, 0xeb, 0xed}},
	// 1: mov ecx,100; 2: dec ecx; jnz 2; cmp eax,5; je 1; test eax,eax; jne 1; jmp 1
	{"branches", []byte{0xb9, 100, 0, 0, 0, 0x49, 0x75, 0xfd, 0x83, 0xf8, 5, 0x74, 0xf3, 0x85, 0xc0, 0x75, 0xef, 0xeb, 0xed}},
}

func BenchmarkLoop(b *testing.B) {
	for _, l := range loops {
		b.Run(l.name, func(b *testing.B) {
			m := newFlat(b)
			m.load(l.code...)
			b.ResetTimer()
			s := m.Run(uint64(b.N))
			b.StopTimer()
			require.Equal(b, StopLimit, s.Reason, "%v", s)
			reportSpeed(b, uint64(b.N))
		})
	}
}

func reportSpeed(b *testing.B, insns uint64) {
	b.ReportMetric(float64(insns)/b.Elapsed().Seconds()/1e6, "Minsn/s")
}

// benchDir holds the workload objects.
const benchDir = "../testdata/bench"

// BenchmarkWorkload runs the workload objects.
func BenchmarkWorkload(b *testing.B) {
	objs, _ := filepath.Glob(filepath.Join(benchDir, "obj", "*.o"))
	require.NotEmpty(b, objs)
	for _, o := range objs {
		name := filepath.Base(o[:len(o)-2])
		b.Run(name, func(b *testing.B) {
			m := newFlat(b)
			entry := loadObject(b, m, o, 0x00400000)
			start := m.Now()
			for b.Loop() {
				callBench(b, m, entry, 20)
			}
			reportSpeed(b, m.Now()-start)
		})
	}
}

// callBench calls bench(n) and returns its checksum.
func callBench(t testing.TB, m *Machine, entry, n uint32) uint32 {
	const ret = 0x00090000
	m.WritePhys(ret, []byte{0xf4}) // hlt
	sp := uint32(flatStack - 8)
	m.WritePhys32(sp, ret)
	m.WritePhys32(sp+4, n)
	m.SetReg(ESP, sp)
	m.SetEIP(entry)
	s := m.Run(Forever)
	require.Equal(t, StopHalt, s.Reason, "%v", s)
	m.cpu.halted = false
	return m.Reg(EAX)
}

// loadObject places and relocates an object that refers only to itself and
// returns the address of bench.
func loadObject(t testing.TB, m *Machine, path string, base uint32) uint32 {
	f, err := elf.Open(path)
	require.NoError(t, err)
	defer f.Close()
	addr := make([]uint32, len(f.Sections))
	for i, s := range f.Sections {
		if s.Flags&elf.SHF_ALLOC == 0 {
			continue
		}
		a := uint32(max(s.Addralign, 1))
		base = (base + a - 1) &^ (a - 1)
		addr[i] = base
		if s.Type != elf.SHT_NOBITS {
			data, err := s.Data()
			require.NoError(t, err)
			m.WritePhys(base, data)
		}
		base += uint32(s.Size)
	}
	syms, err := f.Symbols()
	require.NoError(t, err)
	value := func(i uint32) uint32 { return addr[syms[i-1].Section] + uint32(syms[i-1].Value) }
	for _, s := range f.Sections {
		if s.Type != elf.SHT_REL || addr[s.Info] == 0 {
			continue
		}
		data, err := s.Data()
		require.NoError(t, err)
		for ; len(data) >= 8; data = data[8:] {
			at := addr[s.Info] + binary.LittleEndian.Uint32(data)
			info := binary.LittleEndian.Uint32(data[4:])
			v := m.ReadPhys32(at) + value(info>>8)
			if elf.R_386(info&0xff) == elf.R_386_PC32 || elf.R_386(info&0xff) == elf.R_386_PLT32 {
				v -= at
			}
			m.WritePhys(at, binary.LittleEndian.AppendUint32(nil, v))
		}
	}
	for i := range syms {
		if syms[i].Name == "bench" {
			return value(uint32(i + 1))
		}
	}
	t.Fatal("no function bench in " + path)
	return 0
}

// TestWorkloadChecksums runs every workload with a small n: a checksum that
// differs from a native run is a wrong result, not a slow one.
func TestWorkloadChecksums(t *testing.T) {
	rows, err := os.ReadFile(benchDir + "/checksums.txt")
	require.NoError(t, err)
	for row := range strings.Lines(string(rows)) {
		var name string
		var n, want uint32
		if _, err := fmt.Sscanf(row, "%s %d %x", &name, &n, &want); err != nil {
			continue // the heading
		}
		t.Run(name, func(t *testing.T) {
			m := newFlat(t)
			require.Equal(t, want, callBench(t, m, loadObject(t, m, benchDir+"/obj/"+name+".o", 0x00400000), n))
		})
	}
}
