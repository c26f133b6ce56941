// SPDX-License-Identifier: BSD-3-Clause
// Files and devices, through real system calls.

package moduletest

import (
	"io"

	"ring0/guestkernel"
)

// Ways to open a file.
const (
	ReadOnly  = guestkernel.OpenRead
	WriteOnly = guestkernel.OpenWrite
	ReadWrite = guestkernel.OpenBoth
	NonBlock  = 0o4000 // with one of the others
)

// File is an open file of a process.
type File struct {
	p    *Process
	path string
	FD   uint32
}

// Open opens a file of /proc, or a device by its name in /dev: "/dev/scull0" is minor 0 of the driver that calls itself
// scull, "/dev/char:254:3" goes by numbers.
func (k *Kernel) Open(path string, flags uint32) *File {
	k.tb.Helper()
	f, err := k.TryOpen(path, flags)
	if err != nil {
		k.Fatalf("open %s: %v", path, err)
	}
	return f
}

// TryOpen is Open with an error instead of a failed test.
func (k *Kernel) TryOpen(path string, flags uint32) (*File, error) { return k.User().Open(path, flags) }

// Open opens a file.
func (p *Process) Open(path string, flags uint32) (*File, error) {
	f := &File{p: p, path: path}
	var err error
	p.k.do(func() { f.FD, err = p.guest.Open(path, flags, 0) })
	if err != nil {
		return nil, err
	}
	return f, nil
}

// TryRead reads at most n bytes. io.EOF is the end of the file.
func (f *File) TryRead(n int) ([]byte, error) {
	b := make([]byte, n)
	var got int
	var err error
	f.p.k.do(func() { got, err = f.p.guest.Read(f.FD, b) })
	if err == nil && got == 0 && n > 0 {
		err = io.EOF
	}
	return b[:got], err
}

// Read is what one read of at most n bytes gives; nothing at the end of the file.
func (f *File) Read(n int) string {
	f.p.k.tb.Helper()
	b, err := f.TryRead(n)
	if err != nil && err != io.EOF {
		f.p.k.Fatalf("read %s: %v", f.path, err)
	}
	return string(b)
}

// TryWrite writes b and returns how many bytes the driver took.
func (f *File) TryWrite(b []byte) (n int, err error) {
	b = append([]byte{}, b...)
	f.p.k.do(func() { n, err = f.p.guest.Write(f.FD, b) })
	return n, err
}

// Write writes text, of which the driver must take all.
func (f *File) Write(text string) {
	f.p.k.tb.Helper()
	if n, err := f.TryWrite([]byte(text)); err != nil || n != len(text) {
		f.p.k.Fatalf("write of %d bytes to %s: %d, %v", len(text), f.path, n, err)
	}
}

// TryIoctl makes an ioctl.
func (f *File) TryIoctl(cmd, arg uint32) (uint32, error) { return f.p.Call("ioctl", f.FD, cmd, arg) }

// Ioctl makes an ioctl and returns its result.
func (f *File) Ioctl(cmd, arg uint32) uint32 {
	f.p.k.tb.Helper()
	v, err := f.TryIoctl(cmd, arg)
	if err != nil {
		f.p.k.Fatalf("ioctl %#x of %s: %v", cmd, f.path, err)
	}
	return v
}

// Seek moves the position: whence is io.SeekStart, io.SeekCurrent or io.SeekEnd.
func (f *File) Seek(offset int32, whence int) (uint32, error) {
	return f.p.Call("lseek", f.FD, uint32(offset), uint32(whence))
}

// Mmap maps size bytes of the file from offset on, shared and writable, and returns where; see [Process.ReadUser].
func (f *File) Mmap(size, offset uint32) (addr uint32, err error) {
	const protReadWrite, mapShared, pageShift = 3, 1, 12
	return f.p.Call("mmap2", 0, size, protReadWrite, mapShared, f.FD, offset>>pageShift)
}

// Events of Poll.
const (
	PollIn  = 0x001
	PollPri = 0x002
	PollOut = 0x004
	PollErr = 0x008
	PollHup = 0x010
)

// Poll asks for events and waits at most so many milliseconds, for ever when negative. It returns those that have come.
func (f *File) Poll(events uint16, milliseconds int32) (uint16, error) {
	const size, reventsOff = 8, 6
	at, err := f.p.Alloc(size)
	if err != nil {
		return 0, err
	}
	pollfd := []byte{byte(f.FD), byte(f.FD >> 8), 0, 0, byte(events), byte(events >> 8), 0, 0}
	if err := f.p.WriteUser(at, pollfd); err != nil {
		return 0, err
	}
	if _, err := f.p.Call("poll", at, 1, uint32(milliseconds)); err != nil {
		return 0, err
	}
	err = f.p.ReadUser(at, pollfd)
	return uint16(pollfd[reventsOff]) | uint16(pollfd[reventsOff+1])<<8, err
}

// Close closes the file.
func (f *File) Close() {
	f.p.k.tb.Helper()
	if err := f.TryClose(); err != nil {
		f.p.k.Fatalf("close %s: %v", f.path, err)
	}
}

// TryClose is Close with an error instead of a failed test.
func (f *File) TryClose() error {
	_, err := f.p.Call("close", f.FD)
	return err
}

// ReadFile is all of a file, as cat prints it.
func (k *Kernel) ReadFile(path string) string {
	k.tb.Helper()
	text, err := k.TryReadFile(path)
	if err != nil {
		k.Fatalf("%s: %v", path, err)
	}
	return text
}

// TryReadFile is ReadFile with an error instead of a failed test.
func (k *Kernel) TryReadFile(path string) (text string, err error) {
	const most = 1 << 20 // a device may have no end
	p := k.User()
	k.do(func() {
		var b []byte
		b, err = p.guest.ReadFile(path, most)
		text = string(b)
	})
	return text, err
}

// WriteFile writes a file, as echo does, which must take all.
func (k *Kernel) WriteFile(path, text string) {
	k.tb.Helper()
	if err := k.TryWriteFile(path, text); err != nil {
		k.Fatalf("%s: %v", path, err)
	}
}

// TryWriteFile is WriteFile with an error instead of a failed test.
func (k *Kernel) TryWriteFile(path, text string) (err error) {
	p := k.User()
	k.do(func() { _, err = p.guest.WriteFile(path, []byte(text)) })
	return err
}
