// SPDX-License-Identifier: BSD-3-Clause
// Layout of consoles (linux/console.h).

package abi

// ConsoleLayout is struct console: where the kernel log is shown.
type ConsoleLayout struct {
	Size    uint32 `c:"(sizeof)"` // bytes
	Name    Field  `c:"name"`
	Write   Field  `c:"write"`
	Read    Field  `c:"read"`
	Device  Field  `c:"device"`
	Unblank Field  `c:"unblank"`
	Setup   Field  `c:"setup"`
	Flags   Field  `c:"flags"` // CON_*
	Index   Field  `c:"index"`
	Cflag   Field  `c:"cflag"`
	Next    Field  `c:"next"`
}
