// SPDX-License-Identifier: BSD-3-Clause
// Error numbers: names, texts, both signs, and the whole table against the profile's constants.

package abi_test

import (
	"math"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel/abi"
)

func TestErrno(t *testing.T) {
	for _, row := range []struct {
		errno      abi.Errno
		number     int64
		name, text string
	}{
		{-abi.EBUSY, 16, "EBUSY", "Device or resource busy"},
		{16, 16, "EBUSY", "Device or resource busy"},
		{-1, 1, "EPERM", "Operation not permitted"},
		{-124, 124, "EMEDIUMTYPE", "Wrong medium type"},
		{-512, 512, "ERESTARTSYS", "Restart the system call after the signal handler if SA_RESTART is set"},
		{0, 0, "0", "Success"},
		{-125, 125, "errno 125", "Unknown error 125"},
		{math.MinInt32, 1 << 31, "errno 2147483648", "Unknown error 2147483648"},
	} {
		require.Equal(t, row.number, row.errno.Number())
		require.Equal(t, row.name, row.errno.String())
		require.Equal(t, row.text, row.errno.Text())
	}
}

func TestErrnoByName(t *testing.T) {
	for name, want := range map[string]abi.Errno{
		"EPERM": abi.EPERM, "EWOULDBLOCKIO": abi.EWOULDBLOCKIO, "EWOULDBLOCK": abi.EAGAIN, "EDEADLOCK": abi.EDEADLK,
	} {
		got, ok := abi.ErrnoByName(name)
		require.True(t, ok, name)
		require.Equal(t, want, got, name)
	}
	for _, name := range []string{"", "0", "EBUS", "EBUSYY", "ebusy", "errno 125", "ECHO"} {
		_, ok := abi.ErrnoByName(name)
		require.False(t, ok, name)
	}
}

// ENAMETOOLONG and all the others: every number from 1 to 124 but the two i386 leaves free, and the kernel's own.
func TestErrnoTableIsComplete(t *testing.T) {
	named := 0
	for number := 1; number <= 1000; number++ {
		name := abi.Errno(number).String()
		if regexp.MustCompile(`^errno`).MatchString(name) {
			continue
		}
		named++
		value, ok := profile(t, "2.4.18-14").Constant(name)
		require.True(t, ok, name)
		require.EqualValues(t, number, value, name)
		back, ok := abi.ErrnoByName(name)
		require.True(t, ok, name)
		require.Equal(t, abi.Errno(number), back)
		require.NotContains(t, abi.Errno(number).Text(), "Unknown")
	}
	require.Equal(t, 122+13, named)
	for _, number := range []abi.Errno{41, 58} { // EWOULDBLOCK and EDEADLOCK on other machines
		require.Contains(t, number.String(), "errno ")
	}
}

// Every constant of the headers that looks like an error number is one.
func TestErrnoAgainstReference(t *testing.T) {
	others := regexp.MustCompile(`^(E[A-D]X|E[SD]I|EBP|ES|EIP|EFL|EXT[AB]|ECHO(E|K|NL|CTL|PRT|KE)?|ELF(CLASS|DATA|MAG)\w*)$`)
	found := 0
	for _, row := range referenceRows(t, "constants-2.4.18-14.tsv") {
		name := row[0]
		if !regexp.MustCompile(`^E[A-Z0-9]+$`).MatchString(name) || others.MatchString(name) {
			continue
		}
		errno, ok := abi.ErrnoByName(name)
		require.True(t, ok, name)
		value, _ := profile(t, "2.4.18-14").Constant(name)
		require.EqualValues(t, value, errno, name)
		found++
	}
	require.Equal(t, 122+13+2, found)
}
