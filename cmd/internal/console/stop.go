// SPDX-License-Identifier: BSD-3-Clause
// Stops in words.

package console

import (
	"fmt"
	"strings"

	"ring0/cmd/internal/debugger"
)

// describe tells why the debuggee stands still and where, in one to three lines.
func (c *Console) describe(s debugger.Stop) string {
	var b strings.Builder
	if reason := c.reason(s); reason != "" {
		fmt.Fprintf(&b, "%s\n", reason)
	}
	for _, h := range s.Hits {
		fmt.Fprintf(&b, "%s\n", c.hit(h))
	}
	fmt.Fprintf(&b, "%s\n", c.where())
	return b.String()
}

// Reason is why the debuggee stands still, in a few words; "" when there is nothing to say but where.
func (c *Console) Reason() string { return c.reason(c.dbg.LastStop()) }

func (c *Console) reason(s debugger.Stop) string {
	switch s.Reason {
	case debugger.ReasonStep, debugger.ReasonWatch: // a watch's hits say more
		return ""
	case debugger.ReasonBreakpoint:
		return c.breakpointReason(s)
	case debugger.ReasonException:
		return "exception: " + exceptionText(s.Exception)
	case debugger.ReasonOops:
		return "oops: " + s.Text
	case debugger.ReasonPanic:
		return "kernel panic: " + s.Text
	case debugger.ReasonEnded:
		return c.endReason(s)
	case debugger.ReasonStart:
		return "the start of history"
	}
	return s.Reason.String()
}

func (c *Console) breakpointReason(s debugger.Stop) string {
	text := fmt.Sprintf("breakpoint %d", s.Breakpoint)
	switch {
	case s.Module != nil:
		text += ": module " + s.Module.Name
	case s.Exception != nil:
		text += ": " + exceptionText(s.Exception)
	case s.Text != "":
		text += ": " + s.Text
	}
	return text
}

// endReason says how the run ended.
func (c *Console) endReason(s debugger.Stop) string {
	switch {
	case s.Outcome != nil:
		return "the run has ended: " + s.Outcome.String()
	case s.Result != nil && s.Result.Cause != nil:
		return "the run has ended: " + s.Result.Cause.Error()
	}
	return "the run has ended"
}

// exceptionNames are the mnemonics of SDM vol. 3, table 6-1.
var exceptionNames = [...]string{"#DE", "#DB", "NMI", "#BP", "#OF", "#BR", "#UD", "#NM", "#DF", "#MP", "#TS", "#NP", "#SS", "#GP",
	"#PF", "", "#MF", "#AC", "#MC", "#XM"}

// exceptionName is a vector as the manual writes it.
func exceptionName(vector uint8) string {
	if int(vector) < len(exceptionNames) && exceptionNames[vector] != "" {
		return exceptionNames[vector]
	}
	return fmt.Sprintf("vector %d", vector)
}

func exceptionText(e *debugger.Exception) string {
	if e == nil {
		return ""
	}
	text := exceptionName(e.Vector)
	if e.HasCode {
		text += fmt.Sprintf(", error code %#x", e.ErrorCode)
	}
	if e.Vector == 14 {
		text += fmt.Sprintf(", address %#08x", e.CR2)
	}
	return text
}

// hit describes a watched access.
func (c *Console) hit(h debugger.WatchHit) string {
	who := c.table.Name(h.EIP)
	if h.Host != "" {
		who = h.Host + " (kernel)"
	}
	what := fmt.Sprintf("%s at %s", byteCount(h.Size), c.at(h.Addr))
	if h.Watchpoint != 0 {
		what = fmt.Sprintf("watchpoint %d: ", h.Watchpoint) + what
	}
	if !h.Write {
		return what + " read by " + who
	}
	return fmt.Sprintf("%s written by %s: %s -> %s", what, who, valueText(h.Old), valueText(h.New))
}

// byteCount is a size in words.
func byteCount(n uint32) string {
	if n == 1 {
		return "1 byte"
	}
	return fmt.Sprintf("%d bytes", n)
}

// valueText shows the bytes of a watched range: as a number when they may be one.
func valueText(b []byte) string {
	switch len(b) {
	case 1, 2, 4, 8:
		v := uint64(0)
		for i, x := range b {
			v |= uint64(x) << (8 * i)
		}
		return fmt.Sprintf("%#x", v)
	}
	const most = 16
	if len(b) > most {
		return fmt.Sprintf("% x…", b[:most])
	}
	return fmt.Sprintf("% x", b)
}

// where is the place of the stop: address, symbol, source line, and the instruction.
func (c *Console) where() string {
	pc := c.pc()
	text := fmt.Sprintf("%s  %s", c.dbg.Position(), c.at(pc))
	if l, ok := c.table.LineOf(pc); ok {
		text += fmt.Sprintf(" at %s:%d", baseName(l.File), l.Line)
		if src, ok := c.sourceLine(l); ok {
			return text + fmt.Sprintf("\n%d\t%s", l.Line, src)
		}
	}
	if in := c.instruction(pc); in != "" {
		text += "\n\t" + in
	}
	return text
}
