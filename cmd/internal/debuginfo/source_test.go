// SPDX-License-Identifier: BSD-3-Clause
// Finding source text.

package debuginfo

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSources(t *testing.T) {
	table, _ := newTable(t, "dwarf4")
	f := table.FunctionsNamed("poke")[0]
	var nowhere Sources
	_, _, err := nowhere.Lines(f.File)
	require.ErrorContains(t, err, "source.c is not here")

	here := Sources{Dirs: []string{"testdata", "../../../testdata/modules"}}
	lines, from, err := here.Lines(f.File)
	require.NoError(t, err)
	require.True(t, strings.HasSuffix(from, "source.c"))
	require.Contains(t, lines[f.Line-1], "poke(struct shape *s, int value)")
	header, _, err := here.Lines("/usr/src/modules/include/linux/timer.h") // by the end of its path
	require.NoError(t, err)
	require.Contains(t, header[16], "init_timer")
	_, _, err = here.Lines("../../../testdata/modules/source_dwarf4.o") // no text
	require.Error(t, err)
	_, _, err = here.Lines("")
	require.Error(t, err)
	_, _, err = here.Lines("/proc/kmsg") // where there is one, reading it waits
	require.ErrorContains(t, err, "is not here")

	file, err := filepath.Abs("source_test.go")
	require.NoError(t, err)
	if filepath.VolumeName(file) == "" {
		_, from, err = nowhere.Lines("//." + file) // on Windows this would be the name of a server
		require.NoError(t, err)
		require.Equal(t, file, from)
	}
}
