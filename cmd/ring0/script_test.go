// SPDX-License-Identifier: BSD-3-Clause

// The command line, as scripts: testdata/script/*.txtar. $MODULES is the
// folder of the committed test modules, $PROGRAMS that of the user programs.

package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"ring0": func() { os.Exit(run(os.Args[1:])) },
	})
}

func TestScript(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("ROOT", root)
			env.Setenv("MODULES", filepath.Join(root, "testdata", "modules"))
			env.Setenv("PROGRAMS", filepath.Join(root, "testdata", "user"))
			return nil
		},
	})
}
