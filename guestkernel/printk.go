// SPDX-License-Identifier: BSD-3-Clause
// The kernel log (2.4.18 kernel/printk.c).

package guestkernel

import "fmt"

// logState is the log.
type logState struct{ text []byte }

// Printk logs from modelled code: Go formatting, the level in front as in "<4>text\n".
func (k *Kernel) Printk(format string, args ...any) {
	k.log.text = fmt.Appendf(k.log.text, format, args...)
}

// LogText is everything logged so far, with level prefixes.
func (k *Kernel) LogText() string { return string(k.log.text) }
