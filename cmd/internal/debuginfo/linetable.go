// SPDX-License-Identifier: BSD-3-Clause
// Which source line an address belongs to, and which addresses a line.

package debuginfo

import (
	"cmp"
	"path"
	"slices"
	"sort"
	"strings"
)

// LineTable holds the rows of all compilation units of a module, by address.
type LineTable struct {
	files  []string
	rows   []lineRow         // by address
	shown  []lineRow         // of those, one for each address: it holds up to the next one's
	byFile map[int32][]int32 // rows of a file that are statements, by line then address
}

// lineRow is a row of the line table; line 0 ends a sequence or is code of no line.
type lineRow struct {
	addr  uint32
	file  int32
	line  int32
	col   uint16
	flags uint8
}

const (
	rowStmt uint8 = 1 << iota
	rowPrologueEnd
	rowEnd // the sequence ends here: nothing is known from here on
)

// finish sorts the rows after all units have added theirs.
func (t *LineTable) finish() {
	slices.SortStableFunc(t.rows, func(a, b lineRow) int {
		switch {
		case a.addr < b.addr:
			return -1
		case a.addr > b.addr:
			return 1
		}
		// At one address the end of the sequence below comes before the start of the next.
		return int(b.flags&rowEnd) - int(a.flags&rowEnd)
	})
	t.choose()
	t.byFile = map[int32][]int32{}
	for i, r := range t.rows {
		if r.flags&rowStmt != 0 && r.flags&rowEnd == 0 && r.line > 0 {
			t.byFile[r.file] = append(t.byFile[r.file], int32(i))
		}
	}
	for _, list := range t.byFile {
		slices.SortStableFunc(list, func(a, b int32) int { return cmp.Compare(t.rows[a].line, t.rows[b].line) })
	}
}

// choose picks the row that says which line an address is. Of several the last one counts, which is what runs; as in gdb
// one that begins a statement is preferred.
func (t *LineTable) choose() {
	for i := 0; i < len(t.rows); {
		first := i
		for i < len(t.rows) && t.rows[i].addr == t.rows[first].addr {
			i++
		}
		chosen := t.rows[i-1]
		for j := i - 1; j >= first && chosen.flags&(rowStmt|rowEnd) == 0; j-- {
			if t.rows[j].flags&rowStmt != 0 && t.rows[j].flags&rowEnd == 0 && t.rows[j].line != 0 {
				chosen = t.rows[j]
			}
		}
		t.shown = append(t.shown, chosen)
	}
}

// file enters a file name and returns its number.
func (t *LineTable) file(name string, known map[string]int32) int32 {
	if n, ok := known[name]; ok {
		return n
	}
	n := int32(len(t.files))
	t.files = append(t.files, name)
	known[name] = n
	return n
}

// Files lists the source files there are lines of, in byte order.
func (t *LineTable) Files() []string {
	var list []string
	for n := range t.byFile {
		list = append(list, t.files[n])
	}
	slices.Sort(list)
	return list
}

// LineOf finds the source line of an address. The range is that of all neighbouring rows of the same line: what stepping
// by line stays in.
func (t *LineTable) LineOf(addr uint32) (Line, bool) {
	i := sort.Search(len(t.shown), func(i int) bool { return t.shown[i].addr > addr }) - 1
	if i < 0 || t.shown[i].flags&rowEnd != 0 || t.shown[i].line == 0 {
		return Line{}, false
	}
	r := t.shown[i]
	first, last := i, i+1
	for first > 0 && sameLine(&t.shown[first-1], &r) {
		first--
	}
	for last < len(t.shown) && sameLine(&t.shown[last], &r) {
		last++
	}
	l := Line{
		File: t.files[r.file], Line: int(r.line), Column: int(r.col), Addr: addr,
		IsStmt: r.flags&rowStmt != 0, PrologueEnd: r.flags&rowPrologueEnd != 0,
		Range: Range{Low: t.shown[first].addr, High: t.shown[first].addr},
	}
	if last < len(t.shown) {
		l.High = t.shown[last].addr
	}
	return l, true
}

// sameLine says whether two rows are of one line.
func sameLine(a, b *lineRow) bool {
	return a.line == b.line && a.file == b.file && a.flags&rowEnd == 0
}

// AddrsOf finds where the code of a source line begins: one address for each place the compiler put it. Without code for the
// line, the next line of the file that has some is taken; line says which it was. A file may be named by the end of its
// path: "hello.c", "drivers/net/hello.c".
func (t *LineTable) AddrsOf(file string, line int) (addrs []uint32, found int) {
	for n, name := range t.files {
		if !MatchFile(name, file) {
			continue
		}
		list := t.byFile[int32(n)]
		i := sort.Search(len(list), func(i int) bool { return int(t.rows[list[i]].line) >= line })
		if i == len(list) {
			continue
		}
		at := int(t.rows[list[i]].line)
		switch {
		case found == 0 || at < found:
			addrs, found = nil, at
		case at > found:
			continue
		}
		for ; i < len(list) && int(t.rows[list[i]].line) == at; i++ {
			if j := int(list[i]); j == 0 || !sameLine(&t.rows[j-1], &t.rows[j]) {
				addrs = append(addrs, t.rows[j].addr)
			}
		}
	}
	slices.Sort(addrs)
	return slices.Compact(addrs), found
}

// MatchFile says whether a file of the debug information is meant by a name: the same path, or the end of it.
func MatchFile(file, name string) bool {
	name = path.Clean(name)
	return file == name || strings.HasSuffix(file, "/"+strings.TrimPrefix(name, "./"))
}

// PrologueEnd is where the body of a function begins, its frame set up: where a breakpoint on the function goes. As gdb
// does: what the line table marks, else the second line of the function; where the compiler says for each address where
// variables are, nothing needs skipping.
func (t *LineTable) PrologueEnd(f *Function) uint32 {
	if len(f.Ranges) == 0 || f.tracked() {
		return f.Entry()
	}
	r := f.Ranges[0]
	i := sort.Search(len(t.rows), func(i int) bool { return t.rows[i].addr >= r.Low })
	first := i
	for ; i < len(t.rows) && t.rows[i].addr < r.High; i++ {
		if t.rows[i].flags&rowPrologueEnd != 0 {
			return t.rows[i].addr
		}
	}
	for i = first; i < len(t.rows) && t.rows[i].addr < r.High; i++ {
		row := &t.rows[i]
		if i > first && row.flags&rowEnd == 0 && row.line != 0 && row.addr > r.Low {
			return row.addr
		}
	}
	return r.Low
}

// tracked says whether the function's variables have lists of locations.
func (f *Function) tracked() bool {
	for _, v := range f.Vars {
		if v.Loc.list != nil {
			return true
		}
	}
	return false
}

// LinesOf lists the lines of a file that have code, in order: where breakpoints can be.
func (t *LineTable) LinesOf(file string) []int {
	var list []int
	for n, name := range t.files {
		if MatchFile(name, file) {
			for _, i := range t.byFile[int32(n)] {
				list = append(list, int(t.rows[i].line))
			}
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}
