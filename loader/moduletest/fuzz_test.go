// SPDX-License-Identifier: BSD-3-Clause
// The five module system calls with anything for arguments: what comes back is a result or an error number, or the process
// dies in an oops, and afterwards a module can be loaded.

package moduletest

import (
	"encoding/binary"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/guestkernel"
	"ring0/guestkernel/abi"
	"ring0/loader"
)

// calls reads arguments out of fuzz data; at its end everything is 0.
type calls struct {
	k    *Kernel
	p    *Process
	data []byte
	buf  uint32 // user memory for names and images
	made uint32 // what the last create_module returned
	last string // the last name
}

// bufSize is how much of it there is; behind it lies an unmapped page.
const bufSize = 0x8000

func (c *calls) byte() byte {
	if len(c.data) == 0 {
		return 0
	}
	b := c.data[0]
	c.data = c.data[1:]
	return b
}

func (c *calls) word() uint32 {
	return uint32(c.byte()) | uint32(c.byte())<<8 | uint32(c.byte())<<16 | uint32(c.byte())<<24
}

// pointer is an address of some kind: user memory, its end, the kernel's, the module's, nothing.
func (c *calls) pointer() uint32 {
	switch c.byte() % 8 {
	case 0:
		return 0
	case 1:
		return c.word()
	case 2:
		return c.buf + bufSize - uint32(c.byte())
	case 3:
		return c.made + c.word()%bufSize
	case 4:
		return abi.PageOffset + c.word()%(1<<20)
	}
	return c.buf + c.word()%bufSize
}

// name puts one into user memory.
func (c *calls) name() uint32 {
	const often, sometimes = 200, 240 // of 256
	names := []string{"one", "two", "three", "", "a name with spaces", "printk"}
	i := int(c.byte())
	switch {
	case i < often:
		c.last = names[i%2]
	case i < sometimes:
		c.last = names[i%len(names)]
	default:
		return c.pointer()
	}
	at := c.buf + bufSize - 256
	_ = c.p.WriteUser(at, append([]byte(c.last), 0))
	return at
}

// image puts one into user memory: a header in which each word is right, or not, and a body of code that returns.
func (c *calls) image() uint32 {
	const headerWords, bodyRoom = 24, 0x2000
	size := uint32(0x1000)
	if c.byte()%16 == 0 {
		size = c.word() % bodyRoom
	}
	b := make([]byte, bodyRoom)
	for i := range b {
		b[i] = 0xc3
	}
	text := c.made + 0x200
	copy(b[0x200:], []byte{0x31, 0xc0, 0xc3}) // xor eax, eax; ret
	right := [headerWords]uint32{96, 0, c.made + 96, size, 0, 0, 0, 0, 0, 0, 0, text, text + 16}
	for i, v := range right {
		switch c.byte() % 64 {
		case 0:
			v = c.word()
		case 1:
			v = c.made + c.word()%bodyRoom
		case 2:
			v = c.word() % 512
		}
		binary.LittleEndian.PutUint32(b[4*i:], v)
	}
	copy(b[96:], c.last+"\x00")
	for range c.byte() % 16 { // tables: symbols, dependencies, exceptions. Never over code: what that does is another story
		binary.LittleEndian.PutUint32(b[0x80+c.word()%0x180&^3:], c.pointer())
	}
	_ = c.p.WriteUser(c.buf, b)
	return c.buf
}

// one makes a call.
func (c *calls) one() guestkernel.Outcome {
	switch c.byte() % 6 {
	case 0:
		o := c.p.Syscall(abi.NrCreateModule, c.name(), c.size())
		if o.Kind == guestkernel.Returned && uint32(o.Value) < -abi.MaxErrno&0xffffffff {
			c.made = uint32(o.Value)
		}
		return o
	case 1, 2:
		return c.p.Syscall(abi.NrInitModule, c.name(), c.image())
	case 3:
		if c.byte()%4 == 0 {
			return c.p.Syscall(abi.NrDeleteModule, 0)
		}
		return c.p.Syscall(abi.NrDeleteModule, c.name())
	case 4:
		return c.p.Syscall(abi.NrQueryModule, c.name(), uint32(c.byte()%8), c.pointer(), c.word()%0x10000, c.pointer())
	}
	return c.p.Syscall(abi.NrGetKernelSyms, c.pointer())
}

func (c *calls) size() uint32 {
	if c.byte()%4 == 0 {
		return c.word()
	}
	return 0x1000 + uint32(c.byte())
}

// moduleCalls makes the calls that data says and then loads hello.o.
func moduleCalls(t *testing.T, k *Kernel, data []byte) (oopses int) {
	c := &calls{k: k, data: data}
	for len(c.data) > 0 {
		if c.p == nil {
			c.p = k.NewProcess(guestkernel.ProcessConfig{Comm: "fuzz"})
			buf, err := c.p.Alloc(bufSize)
			require.NoError(t, err)
			c.buf = buf
		}
		switch o := c.one(); o.Kind {
		case guestkernel.Returned:
		case guestkernel.Killed:
			oopses++
			c.p = nil
		default:
			require.Failf(t, "neither a result nor an oops", "%v\n%x\n%s", o, data, k.state())
		}
	}
	m, err := k.TryLoad("hello.o")
	require.NoError(t, err, "%x\n%s", data, k.state())
	require.NoError(t, m.TryUnload())
	return oopses
}

func FuzzModuleCalls(f *testing.F) {
	f.Add([]byte{0, 0, 1, 0, 1, 0, 1})
	f.Add([]byte{0, 0, 1, 0, 4, 1, 5, 7, 3, 0, 0})
	k := Boot(f, Config{Dir: modulesDir, NoChecks: true, Insns: 1 << 50})
	start := k.Snapshot()
	f.Fuzz(func(t *testing.T, data []byte) {
		k.tb = t
		if len(data) > 2000 {
			t.Skip("too long")
		}
		defer k.Restore(start)
		moduleCalls(t, k, data)
	})
}

// The same from a fixed seed.
func TestModuleCallsWithAnything(t *testing.T) {
	const rounds = 150
	k := Boot(t, Config{Dir: modulesDir, NoChecks: true, Insns: 1 << 50})
	random := rand.New(rand.NewPCG(2, 4))
	start := k.Snapshot()
	oopses := 0
	for range rounds {
		data := make([]byte, 50+random.IntN(600))
		for i := range data {
			data[i] = byte(random.Uint32())
		}
		oopses += moduleCalls(t, k, data)
		k.Restore(start)
	}
	t.Logf("%d oopses", oopses)
}

// Images of a real module in which bytes have changed, code included: whatever they do ends, and the state before can be
// had back.
func TestMutatedImages(t *testing.T) {
	const rounds = 60
	k := Boot(t, Config{Dir: modulesDir, NoChecks: true, Insns: 1 << 50})
	data, err := os.ReadFile(filepath.Join(modulesDir, "chardev.o"))
	require.NoError(t, err)
	random := rand.New(rand.NewPCG(4, 2))
	ends := map[guestkernel.OutcomeKind]int{}
	for range rounds {
		k.Run("", func(*testing.T) {
			img := linked(t, k, data)
			for range 1 + random.IntN(8) {
				img.Bytes[random.IntN(len(img.Bytes))] ^= byte(1 << random.IntN(8))
			}
			p := k.NewProcess(guestkernel.ProcessConfig{Comm: "insmod"})
			at, err := p.Alloc(uint32(len(img.Bytes)))
			require.NoError(t, err)
			require.NoError(t, p.WriteUser(at, img.Bytes))
			name, err := p.Alloc(32)
			require.NoError(t, err)
			require.NoError(t, p.WriteUser(name, []byte(img.Name)))
			o := p.Syscall(abi.NrInitModule, name, at)
			ends[o.Kind]++
			require.NotEqual(t, guestkernel.InternalError, o.Kind, "%v", o)
		})
		m, err := k.TryLoad("hello.o")
		require.NoError(t, err)
		m.Unload()
	}
	t.Logf("%v", ends)
}

// linked makes room for a module and links it for there.
func linked(t *testing.T, k *Kernel, data []byte) *loader.Image {
	object, err := loader.Parse("chardev.o", data)
	require.NoError(t, err)
	img, err := loader.LinkFor(k.NewProcess(guestkernel.ProcessConfig{Comm: "insmod"}), object, loader.Options{Release: k.kernel.Release()})
	require.NoError(t, err)
	p := k.NewProcess(guestkernel.ProcessConfig{Comm: "insmod"})
	at, err := p.Alloc(32)
	require.NoError(t, err)
	require.NoError(t, p.WriteUser(at, []byte(img.Name)))
	o := p.Syscall(abi.NrCreateModule, at, img.Size())
	require.Equal(t, img.Base, uint32(o.Value))
	return img
}
