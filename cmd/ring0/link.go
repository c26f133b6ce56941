// SPDX-License-Identifier: BSD-3-Clause
// ring0 link: the relocated module image of init_module(2), as a file.

package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"ring0/cmd/internal/session"
	"ring0/loader"
)

// linkFlags are the flags of ring0 link.
type linkFlags struct {
	kernelFlags
	options loader.Options
	output  string
	loadMap bool
}

func linkCommand() *cobra.Command {
	var f linkFlags
	cmd := &cobra.Command{
		Use:   "link MODULE.o -o IMAGE [PARAMETER=VALUE…]",
		Short: "Write the relocated image that init_module(2) would be given",
		Long: `Link a module as insmod would for a freshly booted kernel and write the image
to a file, which ring0 run takes. The image is good for the address and the
kernel symbols it was linked to.`,
		Args: arguments(1, anyNumber, "a MODULE.o"),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) },
	}
	f.registerBoot(cmd)
	fl := cmd.Flags()
	fl.StringVarP(&f.output, "output", "o", "", "write the image to `FILE`")
	fl.BoolVarP(&f.loadMap, "map", "m", false, "print a load map")
	fl.BoolVarP(&f.options.Force, "force", "f", false, "link in spite of a kernel version mismatch")
	return cmd
}

func (f *linkFlags) run(cmd *cobra.Command, args []string) error {
	if f.output == "" {
		return fmt.Errorf("link: want -o IMAGE")
	}
	cfg, err := f.kernel()
	if err != nil {
		return err
	}
	modules, err := splitModules(args)
	if err != nil {
		return err
	}
	if len(modules) != 1 {
		return fmt.Errorf("link: want one module at a time")
	}
	image, verdict, err := session.Link(cfg, modules[0], f.options)
	if err != nil {
		return &exitError{int(verdict), err}
	}
	data, err := image.Save()
	if err != nil {
		return err
	}
	if f.loadMap {
		fmt.Fprint(cmd.OutOrStdout(), image.LoadMap())
	}
	return os.WriteFile(f.output, data, 0o644)
}
