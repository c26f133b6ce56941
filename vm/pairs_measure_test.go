// SPDX-License-Identifier: BSD-3-Clause

// How internal/gen/pairs.txt comes about:
//
//	go test ./vm -run TestMeasurePairs -pairs internal/gen/pairs.txt [-pairs-code DIR]
//
// runs the workloads and counts which handlers follow one another, adds the
// code of the object files in DIR, and writes the groups that save most calls.

package vm

import (
	"cmp"
	"debug/elf"
	"flag"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	pairsOut  = flag.String("pairs", "", "measure pairs of handlers and write them to `FILE`")
	pairsCode = flag.String("pairs-code", "", "count the code of the objects in `DIR` too")
)

// How many groups of two and of three are wanted, and what code that only
// lies there weighs beside a workload.
const (
	wantPairs, wantTriples = 300, 200
	codeWeight             = 0.7
)

// straightRun is the handlers of a block by name, and how often they run.
type straightRun struct {
	names  []string
	weight float64
}

// Handlers that cannot be a first half, or in a group at all.
var (
	endsRun  = regexp.MustCompile(`J[0-9A-F]B?$|^(JCC|JMP|CALL|RET)|MUL32[RM]|IMUL1|SH[LR]D32|CL(8|16|32)|DIV`)
	notPairs = regexp.MustCompile(`runFull|fast|func|CL(8|16|32)|DIV`)
)

func TestMeasurePairs(t *testing.T) {
	if *pairsOut == "" {
		t.Skip("-pairs names no file")
	}
	runs := runsInWorkloads(t)
	if *pairsCode != "" {
		runs = append(runs, runsInCode(t, *pairsCode)...)
	}
	var out strings.Builder
	for _, g := range chooseGroups(runs) {
		out.WriteString(g + "\n")
	}
	require.NoError(t, os.WriteFile(*pairsOut, []byte(out.String()), 0o644))
}

// runNames are the handlers from r to the end of its block.
func runNames(r *inst) []string {
	var names []string
	for ; r.n != 0; r = nextRec(r) {
		name := runtime.FuncForPC(reflect.ValueOf(r.fn).Pointer()).Name()
		group := strings.Split(strings.TrimPrefix(name, "ring0/vm.op"), "_")
		names = append(names, group...)
		for range group[1:] {
			r = nextRec(r)
		}
	}
	return names
}

// runsInWorkloads counts how often each block of each workload runs; the
// records of a workload weigh 1 together.
func runsInWorkloads(t *testing.T) []straightRun {
	objs, _ := filepath.Glob(filepath.Join(benchDir, "obj", "*.o"))
	var all []straightRun
	for _, o := range objs {
		m := newFlat(t)
		entry := loadObject(t, m, o, 0x00400000)
		m.WritePhys32(flatStack-4, 200)
		m.SetReg(ESP, flatStack-8)
		m.SetEIP(entry)
		seen := map[*inst]*straightRun{}
		for i := range uint64(400) {
			countBlocks(m, seen)
			m.Run(100 + i*50)
		}
		sum := 0.0
		for _, r := range seen {
			sum += r.weight * float64(len(r.names))
		}
		for _, r := range seen {
			all = append(all, straightRun{r.names, r.weight / sum})
		}
	}
	return all
}

// countBlocks puts a counter into every new block.
func countBlocks(m *Machine, seen map[*inst]*straightRun) {
	for _, p := range m.cpu.cache.pages {
		for _, b := range p.blocks {
			first := b.first()
			if seen[first] != nil {
				continue
			}
			run, fn := &straightRun{names: runNames(first)}, first.fn
			seen[first] = run
			first.fn = func(c *CPU, in *inst) *inst { run.weight++; return fn(c, in) }
		}
	}
}

// runsInCode decodes the text of every object in dir.
func runsInCode(t *testing.T, dir string) []straightRun {
	var all []straightRun
	sum := 0.0
	const low, high = 0x00400000, 0x00e00000 // where the machine has code, one object behind the other
	m, base := newFlat(t), uint32(low)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".o") {
			return err
		}
		f, err := elf.Open(path)
		if err != nil {
			return nil // not an object
		}
		defer f.Close()
		s := f.Section(".text")
		if s == nil || s.Size > high-low {
			return nil
		}
		text, err := s.Data()
		end := base + uint32(len(text))
		if end > high {
			m, base, end = newFlat(t), low, low+uint32(len(text))
		}
		m.WritePhys(base, text)
		for eip := base; eip < end; {
			m.cpu.eip = eip
			r := m.cpu.find()
			if r == nil {
				m.cpu.exit = exitNone
				eip++
				continue
			}
			all = append(all, straightRun{runNames(r), codeWeight})
			sum += float64(r.rest)
			for ; r.n != 0; r = nextRec(r) {
			}
			eip = max(eip+1, r.EIP)
		}
		base = end
		return err
	})
	require.NoError(t, err)
	for i := range all {
		all[i].weight /= sum
	}
	return all
}

// groupCount counts groups by their names, joined.
type groupCount map[string]float64

// best lists the groups of n names, the most frequent first, at most max.
func (g groupCount) best(n, max int) []string {
	var list []string
	for k := range g {
		if strings.Count(k, " ") == n-1 {
			list = append(list, k)
		}
	}
	slices.SortFunc(list, func(a, b string) int {
		return cmp.Or(cmp.Compare(g[b], g[a]), cmp.Compare(a, b))
	})
	return list[:min(max, len(list))]
}

// groupAt is the group of n handlers at i, or "" where there can be none.
func groupAt(names []string, i, n int) string {
	if i+n > len(names) {
		return ""
	}
	g := names[i : i+n]
	for j, name := range g {
		if notPairs.MatchString(name) || j < n-1 && endsRun.MatchString(name) {
			return ""
		}
	}
	return strings.Join(g, " ")
}

// chooseGroups starts from all frequent groups and keeps those that are used
// when runs are cut into as few as possible.
func chooseGroups(runs []straightRun) []string {
	count := groupCount{}
	for _, r := range runs {
		for i := range r.names {
			for n := 2; n <= 3; n++ {
				if g := groupAt(r.names, i, n); g != "" {
					count[g] += r.weight
				}
			}
		}
	}
	more := 2
	for range 3 {
		chosen := map[string]bool{}
		for n, want := range map[int]int{2: wantPairs, 3: wantTriples} {
			for _, g := range count.best(n, want*more) {
				chosen[g] = true
				if n == 3 { // its second half must be a pair
					_, second, _ := strings.Cut(g, " ")
					chosen[second] = true
				}
			}
		}
		more = 1
		count = cutRuns(runs, chosen)
		for g := range chosen {
			count[g] += 0 // keep second halves that nothing else uses
		}
	}
	return slices.SortedFunc(maps.Keys(count), func(a, b string) int {
		return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(a, b))
	})
}

// cutRuns cuts every run into as few groups as possible and counts the calls
// that each group saves.
func cutRuns(runs []straightRun, chosen map[string]bool) groupCount {
	saved := groupCount{}
	for _, r := range runs {
		steps, take := make([]int, len(r.names)+1), make([]int, len(r.names)+1)
		for i := len(r.names) - 1; i >= 0; i-- {
			steps[i], take[i] = steps[i+1]+1, 1
			for n := 2; n <= 3; n++ {
				if g := groupAt(r.names, i, n); chosen[g] && steps[i+n]+1 < steps[i] {
					steps[i], take[i] = steps[i+n]+1, n
				}
			}
		}
		for i := 0; i < len(r.names); i += take[i] {
			if n := take[i]; n > 1 {
				saved[groupAt(r.names, i, n)] += r.weight * float64(n-1)
			}
		}
	}
	return saved
}
