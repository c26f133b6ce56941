// SPDX-License-Identifier: BSD-3-Clause
// ring0 boot: the bare machine, with firmware or a real kernel.

package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"ring0/cmd/internal/hostfile"
	"ring0/cmd/internal/linuxboot"
	"ring0/vm"
	"ring0/vm/pc"
	"ring0/vm/pc/bios"
)

// bootFlags are the flags of ring0 boot.
type bootFlags struct {
	bios, kernel, initrd, init, append string
	entry                              int
	mem, cpu                           string
	rate, maxInsns                     uint64
	timeout                            timeLimit
	stdin, screen, stats, reboot       bool
}

func bootCommand() *cobra.Command {
	var f bootFlags
	cmd := &cobra.Command{
		Use:   "boot (--bios ROM | --kernel BZIMAGE [--initrd FILE | --init PROGRAM] [--append LINE])",
		Short: "Run a bare PC: firmware, or a real kernel",
		Long: `Run a PC without the modelled kernel: processor, RAM, 440FX chipset, timers, one
serial port, text screen, no disks. With --bios it starts at the reset vector of
a ROM image; with --kernel a Linux kernel is loaded by the boot protocol, on a
small BIOS of ring0's own.

What the guest sends to its serial port and its debug console (ports E9 and 402)
goes to stdout. The guest ends the run by switching off (APM), by a reset where
--reboot does not allow it, by HLT with interrupts off, or by writing to the debug
exit port (F4, 501). Exit codes: 0 it ended like that, and with 0 written to the
exit port; 1 another value was written there; 3 a triple fault, or a Linux panic
on the serial port; 4 a limit was reached, or the guest needs something that
ring0 does not have.`,
		Example: `  ring0 boot --bios bios.bin --max-insns 2000000000
  ring0 boot --kernel bzImage --initrd root.gz --append "root=/dev/ram0 console=ttyS0"
  ring0 boot --kernel bzImage --init hello --append console=ttyS0`,
		Args: arguments(0, 0, "no arguments, only flags"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.check(cmd); err != nil {
				return err
			}
			return f.run(cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&f.bios, "bios", "", "start the firmware in this `ROM` image, up to 256 KB")
	fl.StringVar(&f.kernel, "kernel", "", "load this Linux kernel, a `BZIMAGE` or zImage")
	fl.StringVar(&f.initrd, "initrd", "", "give the kernel this `FILE` as initial RAM disk")
	fl.StringVar(&f.init, "init", "", "give the kernel a RAM disk with this static `PROGRAM` as /sbin/init, as its root")
	fl.StringVar(&f.append, "append", "", "give the kernel this command `LINE`")
	fl.IntVar(&f.entry, "entry", int(linuxboot.RealMode), "enter the kernel with `BITS`: 16, in real mode, or 32, in protected mode")
	fl.StringVar(&f.mem, "mem", "64M", "RAM of the machine, `SIZE` in bytes or with K, M, G")
	fl.StringVar(&f.cpu, "cpu", "", "CPU `MODEL`: one of "+cpuModels())
	fl.Uint64Var(&f.rate, "rate", pc.DefaultRate, "speed of the machine in `INSTRUCTIONS` per second of its clocks")
	fl.Uint64Var(&f.maxInsns, "max-insns", 0, "stop after `N` guest instructions, idle time included; 0: no limit")
	fl.Var(&f.timeout, "timeout", "stop after this much host `TIME`; 0: no limit")
	fl.BoolVar(&f.stdin, "stdin", false, "type stdin on the serial port once the guest listens there")
	fl.BoolVar(&f.screen, "screen", false, "print the text screen at the end")
	fl.BoolVar(&f.stats, "stats", false, "print instruction count and speed")
	fl.BoolVar(&f.reboot, "reboot", false, "with --bios: go on after a reset or a triple fault")
	return cmd
}

func cpuModels() string {
	var names []string
	for _, m := range vm.Models() {
		names = append(names, m.Name)
	}
	return strings.Join(names, ", ")
}

// check refuses flags that do not go together.
func (f *bootFlags) check(cmd *cobra.Command) error {
	if f.bios == "" && f.kernel == "" {
		return fmt.Errorf("boot: want --bios ROM or --kernel BZIMAGE")
	}
	err := errors.Join(excludeEachOther(cmd, "bios", "kernel"), excludeEachOther(cmd, "initrd", "init"))
	if err != nil {
		return err
	}
	if err := wantWith(cmd, "bios", "reboot"); err != nil {
		return err
	}
	return wantWith(cmd, "kernel", "initrd", "init", "append", "entry")
}

func (f *bootFlags) run(out, talk io.Writer) error {
	console := newConsole(out)
	p, err := f.machine(console)
	if err != nil {
		return err
	}
	if f.stdin {
		t, err := typist(p, os.Stdin, console)
		if err != nil {
			return err
		}
		p.Type(t)
	}
	if f.timeout.Duration > 0 {
		defer time.AfterFunc(f.timeout.Duration, p.Interrupt).Stop()
	}
	done, release := interrupted()
	defer release()
	go func() {
		<-done
		console.interrupted.Store(true)
		p.Interrupt()
	}()
	limit := f.maxInsns
	if limit == 0 {
		limit = vm.Forever
	}
	began := time.Now()
	end := p.Run(limit)
	if err := console.Flush(); err != nil {
		return err
	}
	elapsed := time.Since(began)
	if f.screen {
		for _, line := range p.VGA.Screen() {
			fmt.Fprintln(out, line)
		}
	}
	if f.stats {
		writeBootStats(talk, p, elapsed)
	}
	return f.verdict(talk, p, end, console)
}

// machine builds the PC and loads it.
func (f *bootFlags) machine(console *console) (*pc.PC, error) {
	mem, err := parseSize(f.mem)
	if err != nil {
		return nil, fmt.Errorf("--mem %w", err)
	}
	cfg := pc.Config{
		RAM: mem, CPU: f.cpu, Rate: f.rate,
		Serial: console, SerialSpeed: serialSpeed, Debug: console, Progress: console.progress,
	}
	if f.kernel != "" {
		return f.loadKernel(cfg, console)
	}
	if cfg.ROM, err = hostfile.Read(f.bios, hostfile.Object); err != nil {
		return nil, err
	}
	if f.reboot {
		cfg.OnReset, cfg.OnShutdown = pc.Restart, pc.Restart
	}
	p, err := pc.New(cfg)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.bios, err)
	}
	console.stop = p.Stop
	return p, nil
}

// serialSpeed makes the serial line faster than its baud rate says: a kernel
// that waits for each character of its log at 9600 baud does little else, and
// its messages would lie in the midst of what its processes still have to send.
const serialSpeed = 10000

func (f *bootFlags) loadKernel(cfg pc.Config, console *console) (*pc.PC, error) {
	file, err := hostfile.Read(f.kernel, hostfile.Object)
	if err != nil {
		return nil, err
	}
	img, err := linuxboot.Parse(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.kernel, err)
	}
	o, err := f.options()
	if err != nil {
		return nil, err
	}
	if cfg.ROM, err = bios.ROM(); err != nil {
		return nil, err
	}
	p, err := pc.New(cfg)
	if err != nil {
		return nil, err
	}
	bios.Start(p, nil)
	console.stop, console.awaitPanic = p.Stop, true
	return p, img.Load(p, o)
}

// options is what the kernel is given.
func (f *bootFlags) options() (o linuxboot.Options, err error) {
	o = linuxboot.Options{Entry: linuxboot.Entry(f.entry), CommandLine: f.append}
	switch {
	case f.initrd != "":
		o.Initrd, err = hostfile.Read(f.initrd, hostfile.Disk)
	case f.init != "":
		var program []byte
		if program, err = hostfile.Read(f.init, hostfile.Object); err != nil {
			return o, err
		}
		o.Initrd, err = initialDisk(program)
		o.CommandLine = rootOnRAMDisk + f.append
	}
	return o, err
}

// verdict says how the run ended and makes the exit code of it.
func (f *bootFlags) verdict(talk io.Writer, p *pc.PC, end pc.End, console *console) error {
	where := fmt.Sprintf("%04x:%08x, instruction %d", p.Selector(vm.CS), p.EIP(), p.Now())
	if console.last != "" {
		where += ", last progress code " + console.last
	}
	fail := func(code int, what string) error {
		return &exitError{code: code, err: fmt.Errorf("%s at %s", what, where)}
	}
	switch {
	case console.panicked:
		return fail(exitCrash, "kernel panic")
	case end.Reason == pc.TripleFault:
		return fail(exitCrash, end.Reason.String())
	case end.Reason == pc.ExitPort && end.Value != 0:
		return fail(exitFailed, fmt.Sprintf("debug exit with %d", end.Value))
	case end.Reason == pc.Requested && console.interrupted.Load():
		return fail(exitLimit, "interrupted")
	case end.Reason == pc.Requested:
		return fail(exitLimit, "time limit reached")
	case end.Reason == pc.Limit:
		return fail(exitLimit, "instruction limit reached")
	case end.Err != nil:
		return fail(exitLimit, end.Err.Error())
	}
	fmt.Fprintf(talk, "ring0: %s at %s\n", end.Reason, where)
	return nil
}

func writeBootStats(w io.Writer, p *pc.PC, elapsed time.Duration) {
	seconds := elapsed.Seconds()
	fmt.Fprintf(w, "ring0: %d instructions and idle ticks in %.2f s, %.1f million a second; %.2f s of guest time\n",
		p.Now(), seconds, float64(p.Now())/seconds/1e6, float64(p.Now())/float64(p.Clock.Rate()))
}

// console is where the guest's serial port and debug console go.
type console struct {
	*bufio.Writer
	line        []byte      // the current one, as far as anybody looks at it
	awaitPanic  bool        // a Linux kernel's last line is the end
	panicked    bool        // it came
	interrupted atomic.Bool // somebody wanted the end
	stop        func()      // ends the run
	last        string      // progress code
}

// longestLine is how much of a line is kept: a guest need not ever end one.
const longestLine = 4096

func newConsole(out io.Writer) *console { return &console{Writer: bufio.NewWriter(out)} }

// panicLine begins the line that a Linux kernel ends with.
var panicLine = []byte("Kernel panic: ")

// Write takes what the guest sends, byte by byte.
func (c *console) Write(b []byte) (int, error) {
	n, err := c.Writer.Write(b)
	for _, v := range b {
		if v != '\n' {
			if len(c.line) < longestLine {
				c.line = append(c.line, v)
			}
			continue
		}
		err = errors.Join(err, c.Flush())
		if c.awaitPanic && bytes.Contains(c.line, panicLine) {
			c.panicked = true
			c.stop()
		}
		c.line = c.line[:0]
	}
	if err != nil && c.stop != nil {
		c.stop() // nobody hears the guest any more
	}
	return n, err
}

// progress remembers the last code.
func (c *console) progress(port uint16, code uint8) {
	c.last = fmt.Sprintf("%02x (port %x)", code, port)
}

// typist types what is read from in: a file or pipe all at once, so that runs
// are equal; a terminal as it comes.
func typist(p *pc.PC, in *os.File, console *console) (pc.Typist, error) {
	info, err := in.Stat()
	if err != nil {
		return nil, err
	}
	if info.Mode()&os.ModeCharDevice != 0 {
		return terminalTypist(p, in, console), nil
	}
	all, err := io.ReadAll(in)
	return func() ([]byte, bool) { return all, false }, err
}

// terminalTypist reads ahead in a goroutine of its own; an idle guest waits a
// little for it instead of racing on, and who types sees what it has written,
// a prompt without an end of line too.
func terminalTypist(p *pc.PC, in io.Reader, console *console) pc.Typist {
	const chunk, patience = 256, 10 * time.Millisecond
	lines := make(chan []byte)
	go func() {
		defer close(lines)
		for {
			b := make([]byte, chunk)
			n, err := in.Read(b)
			if n > 0 {
				lines <- b[:n]
			}
			if err != nil {
				return
			}
		}
	}()
	return func() ([]byte, bool) {
		wait := time.Duration(0)
		if p.Halted() {
			wait = patience
			console.Flush()
		}
		select {
		case b, more := <-lines:
			return b, more
		case <-time.After(wait):
			return nil, true
		}
	}
}
