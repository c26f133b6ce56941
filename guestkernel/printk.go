// SPDX-License-Identifier: BSD-3-Clause
// The kernel log: printk, its ring buffer and what of it reaches the console (2.4.18 kernel/printk.c).
//
// The ring and its indices are guest memory, as the real kernel's. The host keeps a copy of everything ever logged, so that
// a report loses nothing when the ring wraps.

package guestkernel

import (
	"bytes"
	"fmt"
	"strings"
)

// Sizes of kernel/printk.c.
const (
	logBufLen    = 16384 // LOG_BUF_LEN
	printkBufLen = 1024  // printk_buf: longer texts are cut
)

// Words of console_printk.
const (
	consoleLogLevel        = 0 * 4 // what is more important than this reaches the console
	defaultMessageLogLevel = 1 * 4 // of lines that do not begin with a level
	minimumConsoleLogLevel = 2 * 4
	defaultConsoleLogLevel = 3 * 4
)

// logState is the host's copy of the log.
type logState struct {
	text    []byte  // everything that went into the ring
	console []byte  // everything that went to the console
	readers []*Task // asleep in syslog(2) until there is something to read
}

// A LogLine is one line of the kernel log.
type LogLine struct {
	Level int    // 0, an emergency, to 7, debugging
	Text  string // without level and newline
}

func printkFunctions() []Function {
	return []Function{
		{Name: "printk", Fn: printk, Level: Full},
		{Name: "sys_syslog", Fn: sysSyslog, Level: Full},
	}
}

// bootPrintk writes the log's variables as the compiler initialised them.
func (k *Kernel) bootPrintk() error {
	for i, level := range []uint32{7, 4, 1, 7} {
		k.mem.SetU32(k.sym.ConsolePrintk+uint32(i)*4, level)
	}
	k.mem.SetU32(k.sym.LogLevelUnknown, 1)
	k.mem.SetU32(k.sym.MsgLevel, 0xffffffff)
	k.listInit(k.sym.LogWait)
	return nil
}

// printk models int printk(const char *fmt, ...). Every line gets the level <4> unless it begins with one; text after an
// unfinished line continues it, whatever it begins with. Returns the length of the text, before it was cut to fit.
//
// Context: any.
func printk(c *Call) {
	k := c.Kernel
	length := k.vsnprintf(k.sym.PrintkBuf, printkBufLen, c.Arg(0), c.ArgAddr(1))
	k.logPrintkBuf()
	c.Return(length)
}

// Printk logs from modelled code: Go formatting, the level in front as in "<4>text\n".
func (k *Kernel) Printk(format string, args ...any) {
	text := fmt.Appendf(nil, format, args...)
	text = text[:min(len(text), printkBufLen-1)]
	k.mem.Write(k.sym.PrintkBuf, append(text, 0))
	k.logPrintkBuf()
}

// logPrintkBuf moves what is in printk_buf to the ring, and on to the console.
func (k *Kernel) logPrintkBuf() {
	text, _, _ := bytes.Cut(k.mem.Bytes(k.sym.PrintkBuf, printkBufLen), []byte{0})
	startOfLine := k.mem.U32(k.sym.LogLevelUnknown) != 0
	var out []byte
	for i, b := range text {
		if startOfLine && !hasLevel(text[i:]) {
			out = append(out, '<', '0'+byte(k.mem.U32(k.sym.ConsolePrintk+defaultMessageLogLevel)), '>')
		}
		out = append(out, b)
		startOfLine = b == '\n'
	}
	if len(text) > 0 {
		k.mem.SetU32(k.sym.LogLevelUnknown, boolWord(startOfLine))
	}
	k.emitLog(out)
	k.flushConsole()
	k.wakeLogReaders()
	if len(k.log.text) > maxLogText && k.running != nil {
		k.stop(Outcome{Kind: Limit, Reason: fmt.Sprintf("kernel log of %d MB", maxLogText>>20)})
	}
}

// maxLogText is how much log the host keeps: a module that prints for ever must not use up its memory.
const maxLogText = 16 << 20

func boolWord(b bool) uint32 {
	if b {
		return 1
	}
	return 0
}

// hasLevel tells whether a line begins with <0> to <7>.
func hasLevel(line []byte) bool {
	return len(line) > 2 && line[0] == '<' && '0' <= line[1] && line[1] <= '7' && line[2] == '>'
}

// emitLog appends to the ring. Indices only grow; they are positions modulo the ring's size. Who has not read what is
// overwritten now will not.
func (k *Kernel) emitLog(text []byte) {
	k.log.text = append(k.log.text, text...)
	if k.observe != nil {
		k.tell(Notice{Kind: LogWritten, Text: string(text)})
	}
	end := k.mem.U32(k.sym.LogEnd)
	for len(text) > 0 {
		at := end % logBufLen
		n := min(uint32(len(text)), logBufLen-at)
		k.mem.Write(k.sym.LogBuf+at, text[:n])
		text, end = text[n:], end+n
		k.mem.SetU32(k.sym.LoggedChars, min(k.mem.U32(k.sym.LoggedChars)+n, logBufLen))
	}
	k.mem.SetU32(k.sym.LogEnd, end)
	for _, index := range []uint32{k.sym.LogStart, k.conStart()} {
		if end-k.mem.U32(index) > logBufLen {
			k.mem.SetU32(index, end-logBufLen)
		}
	}
}

// conStart is where con_start lies, the index of what the console has not had: behind log_start. Its name is not unique.
func (k *Kernel) conStart() uint32 { return k.sym.LogStart + 4 }

// ringText returns the bytes of the ring from one index to another.
func (k *Kernel) ringText(start, end uint32) []byte {
	text := make([]byte, 0, end-start)
	for start != end {
		at := start % logBufLen
		n := min(end-start, logBufLen-at)
		text = append(text, k.mem.Bytes(k.sym.LogBuf+at, n)...)
		start += n
	}
	return text
}

// LogText is everything logged so far, with level prefixes.
func (k *Kernel) LogText() string { return string(k.log.text) }

// ConsoleText is everything the console has shown.
func (k *Kernel) ConsoleText() string { return string(k.log.console) }

// Log is everything logged so far by lines. A level inside a line, from a printk that continued it, is part of its text.
func (k *Kernel) Log() []LogLine {
	var lines []LogLine
	for text := range strings.Lines(string(k.log.text)) {
		line := LogLine{Level: 4, Text: strings.TrimSuffix(text, "\n")}
		if hasLevel([]byte(text)) {
			line.Level, line.Text = int(text[1]-'0'), line.Text[3:]
		}
		lines = append(lines, line)
	}
	return lines
}
