// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel"
	"ring0/guestkernel/abi"
)

const page = "../../../docs/exports.md"

func TestExportsPageIsUpToDate(t *testing.T) {
	profile, err := abi.ProfileByName("2.4.18-14")
	require.NoError(t, err)
	have, err := os.ReadFile(page)
	require.NoError(t, err)
	require.True(t, exportsPage(profile, guestkernel.Functions()) == string(have),
		"docs/exports.md is out of date: go generate ./guestkernel")
}
