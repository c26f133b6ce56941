// SPDX-License-Identifier: BSD-3-Clause
// insmod and rmmod on the modelled kernel: the real system calls, from CPL 3.

package loader

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel"
	"ring0/guestkernel/abi"
)

// boot starts a kernel and a process on it.
func boot(t *testing.T, cfg guestkernel.Config, process guestkernel.ProcessConfig) (*guestkernel.Kernel, *guestkernel.Process) {
	kernel, err := guestkernel.Boot(cfg)
	require.NoError(t, err)
	t.Cleanup(kernel.Close)
	p, err := kernel.NewProcess(process)
	require.NoError(t, err)
	return kernel, p
}

func module(t *testing.T, name string) *Object {
	return parseFile(t, filepath.Join(modulesDir, name+".o"))
}

// loadedNames are the modules the kernel tells of, newest first.
func loadedNames(t *testing.T, p Process) []string {
	providers, err := QueryProviders(p, "")
	require.NoError(t, err)
	names := []string{}
	for _, m := range providers[:len(providers)-1] {
		names = append(names, m.Name)
	}
	return names
}

func TestKernelExports(t *testing.T) {
	_, p := boot(t, guestkernel.Config{}, guestkernel.ProcessConfig{})
	providers, err := QueryProviders(p, "")
	require.NoError(t, err)
	require.Len(t, providers, 1)
	require.ElementsMatch(t, profileKernel(t).Exports, providers[0].Exports, "what the profile says, no more and no less")
}

func TestInsmodAndRmmod(t *testing.T) {
	kernel, p := boot(t, guestkernel.Config{}, guestkernel.ProcessConfig{})
	options := Options{Release: kernel.Release(), Profile: kernel.Profile().Name, Parameters: []string{"who=world"}}
	loaded, err := Insmod(p, module(t, "hello"), options)
	require.NoError(t, err)
	providers, err := QueryProviders(p, "")
	require.NoError(t, err)
	require.Equal(t, asProvider(t, loaded.Image), providers[0], "the kernel tells what the image says")

	_, err = Insmod(p, module(t, "hello"), options)
	require.EqualError(t, err, "hello.o: a module named hello already exists: File exists (EEXIST)")
	require.NoError(t, Rmmod(p, "hello"))
	require.Empty(t, loadedNames(t, p))
	require.EqualError(t, Rmmod(p, "hello"), "rmmod: can't unload module 'hello': No such file or directory (ENOENT)")
}

func TestInsmodDependencies(t *testing.T) {
	_, p := boot(t, guestkernel.Config{}, guestkernel.ProcessConfig{})
	_, err := Insmod(p, module(t, "importer"), Options{})
	require.EqualError(t, err, "importer.o: unresolved symbol exporter_add\nimporter.o: unresolved symbol exporter_total")
	for _, name := range []string{"exporter", "importer"} {
		_, err := Insmod(p, module(t, name), Options{})
		require.NoError(t, err)
	}
	require.Equal(t, []string{"importer", "exporter"}, loadedNames(t, p))
	require.EqualError(t, Rmmod(p, "exporter"), "rmmod: can't unload module 'exporter': Device or resource busy (EBUSY)")
	require.NoError(t, Rmmod(p, "importer"))
	require.NoError(t, Rmmod(p, "exporter"))
}

// TestInsmodRefused: errnos of the kernel, and nothing left behind.
func TestInsmodRefused(t *testing.T) {
	_, p := boot(t, guestkernel.Config{StubMissing: true}, guestkernel.ProcessConfig{})
	for _, c := range []struct {
		name string
		want abi.Errno
	}{{"fails", abi.ENODEV}, {"positive", abi.EBUSY}} {
		_, err := Insmod(p, module(t, c.name), Options{})
		var call *CallError
		require.ErrorAs(t, err, &call, c.name)
		require.Equal(t, "init_module", call.Call)
		require.Equal(t, c.want, call.Errno, c.name)
		require.Empty(t, loadedNames(t, p))
	}

	_, p = boot(t, guestkernel.Config{}, guestkernel.ProcessConfig{UID: 500})
	_, err := Insmod(p, module(t, "hello"), Options{})
	require.EqualError(t, err, "hello.o: create_module: Operation not permitted (EPERM)")
}

func TestInsmodOops(t *testing.T) {
	_, p := boot(t, guestkernel.Config{}, guestkernel.ProcessConfig{})
	loaded, err := Insmod(p, module(t, "oops"), Options{})
	var stop *StopError
	require.ErrorAs(t, err, &stop)
	require.Equal(t, guestkernel.Killed, stop.Outcome.Kind)
	require.NotNil(t, loaded.Image, "to explain the addresses")
}

func TestInsmodSavedImage(t *testing.T) {
	_, p := boot(t, guestkernel.Config{}, guestkernel.ProcessConfig{})
	loaded, err := Insmod(p, module(t, "hello"), Options{})
	require.NoError(t, err)
	require.NoError(t, Rmmod(p, "hello"))
	img := loaded.Image // the next module goes where this one was
	file, err := img.Save()
	require.NoError(t, err)
	for _, data := range [][]byte{file, img.Bytes} {
		read, err := ReadImage("hello.img", data, 0)
		require.NoError(t, err)
		_, err = InsmodImage(p, read)
		require.NoError(t, err)
		require.Equal(t, []string{"hello"}, loadedNames(t, p))
		require.NoError(t, Rmmod(p, "hello"))
	}
}

// TestInsmodOnKernel26: the calls are gone, and create_module says so.
func TestInsmodOnKernel26(t *testing.T) {
	_, p := boot(t, guestkernel.Config{Release: "2.6.0"}, guestkernel.ProcessConfig{})
	_, err := Insmod(p, module(t, "hello"), Options{Release: "2.6.0"})
	require.EqualError(t, err, "hello.o: create_module: Function not implemented (ENOSYS)")
}
