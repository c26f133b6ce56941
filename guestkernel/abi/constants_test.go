// SPDX-License-Identifier: BSD-3-Clause
// Every Go constant whose comment names a C constant has the value of the profile's headers.

package abi_test

import (
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// constantFiles are the files of Go constants with C names in their comments, and how many each has at least.
var constantFiles = map[string]int{"constants.go": 130, "segments.go": 35, "syscall_numbers.go": 220}

// cName is a comment's first word when that is a C constant.
var cName = regexp.MustCompile(`^(\w*[A-Z]\w*)(:|\n|$)`)

func TestConstantsHaveTheirHeadersValues(t *testing.T) {
	p := profile(t, "2.4.18-14")
	for file, atLeast := range constantFiles {
		compared := 0
		for name, value := range commentedConstants(t, file) {
			want, ok := p.Constant(name)
			if number, isSyscall := strings.CutPrefix(name, "__NR_"); isSyscall && !ok {
				require.Contains(t, laterSyscalls, number)
				continue
			}
			require.True(t, ok, "%s: %s", file, name)
			require.Equal(t, uint32(want), uint32(value), "%s: %s", file, name)
			compared++
		}
		require.GreaterOrEqual(t, compared, atLeast, file)
	}
}

// laterSyscalls have numbers that asm-i386/unistd.h of 2.4.18-14 does not have.
var laterSyscalls = strings.Fields(`setup tux set_thread_area get_thread_area io_setup io_destroy io_getevents io_submit
	io_cancel alloc_hugepages free_hugepages exit_group lookup_dcookie epoll_create epoll_ctl epoll_wait remap_file_pages
	set_tid_address`)

// commentedConstants evaluates the constants of a file and returns those whose trailing comment begins with a C name.
func commentedConstants(t *testing.T, file string) map[string]int64 {
	t.Helper()
	files := token.NewFileSet()
	parsed, err := parser.ParseFile(files, file, nil, parser.ParseComments)
	require.NoError(t, err)
	info := types.Info{Defs: map[*ast.Ident]types.Object{}}
	config := types.Config{Error: func(error) {}} // Profile is declared elsewhere; constants do not need it
	_, _ = config.Check("abi", files, []*ast.File{parsed}, &info)

	found := map[string]int64{}
	ast.Inspect(parsed, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok || spec.Comment == nil {
			return true
		}
		name := cName.FindStringSubmatch(spec.Comment.Text())
		if name == nil {
			return true
		}
		object, ok := info.Defs[spec.Names[0]].(*types.Const)
		require.True(t, ok, "%s is not a constant", spec.Names[0])
		value, exact := constant.Int64Val(constant.ToInt(object.Val()))
		require.True(t, exact, spec.Names[0])
		found[name[1]] = value
		return true
	})
	return found
}

func TestSelectors(t *testing.T) {
	p := profile(t, "2.4.18-14")
	tss, ok := p.TSSSelector(0)
	require.True(t, ok)
	require.EqualValues(t, 0xa0, tss)
	ldt, ok := p.LDTSelector(0)
	require.True(t, ok)
	require.EqualValues(t, 0xa8, ldt)
	tss, _ = p.TSSSelector(1)
	require.EqualValues(t, 0xc0, tss)
	_, ok = profile(t, "2.4.37").TSSSelector(0)
	require.False(t, ok)
}
