// SPDX-License-Identifier: BSD-3-Clause

package hostfile

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRead(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, []byte("content"), 0o644))
	have, err := Read(file, 7)
	require.NoError(t, err)
	require.Equal(t, "content", string(have))
	link := filepath.Join(dir, "link")
	require.NoError(t, os.Symlink(file, link))
	have, err = Read(link, 7)
	require.NoError(t, err)
	require.Equal(t, "content", string(have))
}

func TestReadSaysNo(t *testing.T) {
	dir := t.TempDir()
	large := filepath.Join(dir, "large")
	require.NoError(t, os.WriteFile(large, nil, 0o644))
	require.NoError(t, os.Truncate(large, 1<<40)) // takes no room on the disk, nor here
	_, err := Read(large, 4<<20)
	require.EqualError(t, err, large+": larger than 4 MB")

	_, err = Read(dir, Object)
	require.EqualError(t, err, dir+": a folder, want a file")
	_, err = Read(filepath.Join(dir, "nothing"), Object)
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.EqualError(t, err, filepath.Join(dir, "nothing")+": no such file or directory")
	_, err = Read("", Object)
	require.EqualError(t, err, `"": no such file or directory`)
}
