// SPDX-License-Identifier: BSD-3-Clause

package guestkernel

import (
	"encoding/csv"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel/abi"
)

// vmallocCase is a row of testdata/vmalloc.tsv: what create_module answered on the real kernel, or what vmlist held.
type vmallocCase struct{ ram, stepNo, op, name, size, result string }

// Where the real kernel put modules, with 32 to 1024 MB of memory. create_module's own part is small here: it refuses a
// size below the header's and maps the rest with module_map.
func TestVmallocAddressesOfTheRealKernel(t *testing.T) {
	file, err := os.Open("testdata/vmalloc.tsv")
	require.NoError(t, err)
	defer file.Close()
	r := csv.NewReader(file)
	r.Comma, r.LazyQuotes = '\t', true
	rows, err := r.ReadAll()
	require.NoError(t, err)
	byRAM, order := map[string][]vmallocCase{}, []string{}
	for _, row := range rows[1:] {
		if byRAM[row[0]] == nil {
			order = append(order, row[0])
		}
		byRAM[row[0]] = append(byRAM[row[0]], vmallocCase{row[0], row[1], row[2], row[3], row[4], row[5]})
	}
	require.Len(t, order, 6)
	for _, ram := range order {
		t.Run(ram, func(t *testing.T) {
			mb, err := strconv.Atoi(strings.TrimSuffix(ram, "MB"))
			require.NoError(t, err)
			run := vmallocRun{t: t, k: boot(t, Config{Mem: uint32(mb) << 20}), live: map[string]uint32{}}
			for _, c := range complete(byRAM[ram], byRAM["128MB"]) {
				run.step(c)
			}
		})
	}
}

// complete fills in the steps that the table leaves out for other memory sizes than 128 MB: they were the same, and their
// addresses are only checked where a later row shows them.
func complete(rows, full []vmallocCase) []vmallocCase {
	next := 0
	var all []vmallocCase
	for _, c := range rows {
		for ; next < len(full) && c.ram != full[next].ram && c.ram != "1024MB"; next++ {
			f := full[next]
			if f.op == c.op && f.name == c.name && f.stepNo == c.stepNo {
				next++
				break
			}
			if f.op == "create" || f.op == "delete" {
				f.result = ""
				all = append(all, f)
			}
		}
		all = append(all, c)
	}
	return all
}

// vmallocRun replays the rows of one boot.
type vmallocRun struct {
	t    *testing.T
	k    *Kernel
	live map[string]uint32 // modules by name
	fill int               // how many of a series exist: "f0", "f1", "f2", then "f87"
}

func (r *vmallocRun) step(c vmallocCase) {
	what := fmt.Sprintf("%+v", c)
	size, _ := strconv.ParseUint(c.size, 10, 32)
	switch {
	case c.op == "info" && c.name == "num_physpages":
		require.Equal(r.t, c.size, fmt.Sprint(r.k.mem.U32(r.k.sym.NumPhyspages)))
		require.Equal(r.t, c.result, fmt.Sprintf("high_memory=0x%08x", r.k.mem.U32(r.k.sym.HighMemory)))
	case c.op == "info":
		require.Equal(r.t, "computed", c.name, what)
		require.Contains(r.t, c.result, fmt.Sprintf("VMALLOC_START=0x%08x VMALLOC_END=0x%08x", r.k.vm.start, r.k.vm.end))
	case c.op == "vmlist":
		r.checkArea(c, what)
	case c.op == "create":
		got := r.create(c.name, uint32(size))
		require.True(r.t, got == c.result || c.result == "", "%s: %s", what, got)
		if c.name == "bis" {
			r.delete("bis") // the probe tried sizes one by one
		}
	case c.op == "bisect":
		require.Equal(r.t, c.result, r.create("try", uint32(size)), what)
		r.delete("try")
	case strings.HasPrefix(c.op, "create(fill"):
		r.fillUp(c, uint32(size), what)
	case c.op == "delete":
		got := r.delete(c.name)
		require.True(r.t, got == c.result || c.result == "", "%s: %s", what, got)
	default:
		require.Equal(r.t, "result", c.op, what)
	}
}

// create is create_module with its answer as the probe printed it.
func (r *vmallocRun) create(name string, size uint32) string {
	if size < r.k.lay.Module.Size+uint32(len(name))+1 {
		return "-22 EINVAL"
	}
	addr := r.k.ModuleMap(size)
	if addr == 0 {
		return "-12 ENOMEM"
	}
	r.live[name] = addr
	return fmt.Sprintf("0x%08x", addr)
}

func (r *vmallocRun) delete(name string) string {
	addr, ok := r.live[name]
	if !ok {
		return "-2 ENOENT"
	}
	r.k.ModuleUnmap(addr)
	delete(r.live, name)
	return "0"
}

// fillUp makes the modules of a series up to the row's, of which the table leaves most out.
func (r *vmallocRun) fillUp(c vmallocCase, size uint32, what string) {
	index, err := strconv.Atoi(c.name[1:])
	require.NoError(r.t, err)
	if r.live[c.name[:1]+"0"] == 0 {
		r.fill = 0
	}
	for ; r.fill < index; r.fill++ {
		require.NotEqual(r.t, "-12 ENOMEM", r.create(c.name[:1]+strconv.Itoa(r.fill), size), what)
	}
	require.Equal(r.t, c.result, r.create(c.name, size), what)
	r.fill++
}

// checkArea compares one area of vmlist; the table gives a whole list or, of a long one, some.
func (r *vmallocRun) checkArea(c vmallocCase, what string) {
	_, number, _ := strings.Cut(strings.TrimSuffix(c.name, "]"), "[")
	index, err := strconv.Atoi(number)
	require.NoError(r.t, err)
	areas := r.vmlist()
	require.Less(r.t, index, len(areas), what)
	a, size := areas[index][0], areas[index][1]
	require.Equal(r.t, c.size, fmt.Sprint(size), what)
	require.Equal(r.t, c.result, fmt.Sprintf("flags=0x%x addr=0x%08x end=0x%08x", abi.VMAlloc, a, a+size), what)
}

func (r *vmallocRun) vmlist() (areas [][2]uint32) {
	lay := &r.k.lay.VMStruct
	for area := r.k.mem.U32(r.k.sym.Vmlist); area != 0; area = r.k.mem.Get(area, lay.Next) {
		areas = append(areas, [2]uint32{r.k.mem.Get(area, lay.Addr), r.k.mem.Get(area, lay.AreaSize)})
	}
	return areas
}

// Nothing leaks: page tables apart, which the kernel never gives back, all pages return, also after failures.
func TestVmallocGivesPagesBack(t *testing.T) {
	k := boot(t, Config{})
	k.Vfree(k.Vmalloc(100 << 20)) // makes the page tables
	round := func() {
		var areas []uint32
		for size := uint32(1); size < 10<<20; size = size*3 + 1 {
			addr := k.Vmalloc(size)
			require.NotZero(t, addr)
			k.mem.Fill(addr, size, 0xa5)
			areas = append(areas, addr)
		}
		for _, addr := range areas {
			k.Vfree(addr)
		}
	}
	require.Zero(t, k.Vmalloc(125<<20), "more than there is; unused slabs are taken back")
	free := k.freePageCount()
	round()
	require.Zero(t, k.Vmalloc(125<<20), "more than there is; unused slabs are taken back")
	require.Equal(t, free, k.freePageCount())
	for _, size := range []uint32{0, 0x7fffffff, 0xfffff000, 0xfffff001, 0xffffffff} {
		require.Zero(t, k.Vmalloc(size), "%#x", size)
	}
	k.Vfree(0)
	k.Vfree(0xc8900000)
	k.Vfree(0xc8900001)
	require.Equal(t, free, k.freePageCount())
}

// Areas are contiguous in address space, not in memory, and end at a page that is not mapped.
func TestVmallocAreas(t *testing.T) {
	k := boot(t, Config{})
	k.FreePages(k.GetFreePages(k.pages.gfp.kernel, 3), 3)
	hole := k.GetFreePages(k.pages.gfp.kernel, 0)
	addr := k.Vmalloc(3 * abi.PageSize)
	k.FreePages(hole, 0)
	require.True(t, k.mem.try(func() { k.mem.Fill(addr, 3*abi.PageSize, 1) }))
	require.False(t, k.mem.try(func() { k.mem.U8(addr + 3*abi.PageSize) }), "guard page")
	pa, ok := k.m.Translate(addr+abi.PageSize, 0)
	require.True(t, ok)
	require.Zero(t, pa%abi.PageSize)
	pte := k.mem.U32(k.pteAddr(k.sym.SwapperPgDir, addr))
	require.Equal(t, uint32(abi.PageKernelBits|abi.PageGlobal), pte&^abi.PageMask)
	require.Equal(t, uint32(abi.PageTableBits), k.mem.U32(k.sym.SwapperPgDir+pgdOffset(addr))&^abi.PageMask)
}
