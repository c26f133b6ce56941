// SPDX-License-Identifier: BSD-3-Clause

package pc_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/vm/pc"
)

// scriptPorts are the ports that random scripts use: every chip's, but not
// those that end the run.
var scriptPorts = []struct{ first, last uint16 }{
	{0x00, 0x0f}, {0x20, 0x21}, {0x40, 0x43}, {0x60, 0x61}, {0x64, 0x64}, {0x70, 0x71}, {0x80, 0x8f}, {0x92, 0x92},
	{0xa0, 0xa1}, {0xc0, 0xdf}, {0xe9, 0xe9}, {0xf0, 0xf1}, {0x190, 0x190}, {0x3c0, 0x3cf}, {0x3d4, 0x3d5}, {0x3da, 0x3da},
	{0x3f8, 0x3ff}, {0x4d0, 0x4d1}, {0xcf8, 0xcff},
}

// script is a random one for the ROM of testdata/ports.S.
func script(r *rand.Rand, steps int) []byte {
	var s []byte
	word := func(v int) { s = append(s, uint8(v), uint8(v>>8)) }
	for range steps {
		ports := scriptPorts[r.IntN(len(scriptPorts))]
		port := int(ports.first) + r.IntN(int(ports.last-ports.first)+1)
		switch n := r.IntN(10); {
		case n < 5:
			s = append(s, 1)
			word(port)
			s = append(s, uint8(r.IntN(256))>>(r.IntN(2)*r.IntN(8))) // small values are commands and indices
		case n < 8:
			s = append(s, 2)
			word(port)
		case n < 9:
			s = append(s, 3)
			word(1 << r.IntN(14))
		default:
			s = append(s, 4)
		}
	}
	return append(s, 0)
}

// board is a PC with a script, and what it has sent.
type board struct {
	*pc.PC
	serial, debug bytes.Buffer
	codes         []uint8
}

func newBoard(t *testing.T, script []byte) *board {
	t.Helper()
	b := &board{}
	var err error
	b.PC, err = pc.New(pc.Config{
		RAM: 1 << 20, ROM: portsROM(t), Serial: &b.serial, Debug: &b.debug,
		SerialSpeed: 100, OnReset: pc.Restart, OnShutdown: pc.Restart,
		Progress: func(_ uint16, code uint8) { b.codes = append(b.codes, code) },
	})
	require.NoError(t, err)
	b.WritePhys(0x1000, script)
	b.COM1.Receive([]byte("typed before anybody listens")...)
	return b
}

// output is all that the board has sent.
func (b *board) output() string { return b.serial.String() + b.debug.String() + string(b.codes) }

// forget starts the output anew.
func (b *board) forget() {
	b.serial.Reset()
	b.debug.Reset()
	b.codes = nil
}

func (b *board) memory() []byte {
	m := make([]byte, 0xc0000)
	b.ReadPhys(0, m)
	return m
}

// TestSnapshot goes on from a snapshot as it went on the first time: same
// results of the script, same output, same state of every chip.
func TestSnapshot(t *testing.T) {
	interrupts, bytesSent := 0, 0
	for seed := range uint64(150) {
		r := rand.New(rand.NewPCG(seed, 1))
		b := newBoard(t, script(r, 200))
		b.Run(uint64(r.IntN(60_000)))
		state, memory := b.State(), b.memory()
		b.forget()
		rest := uint64(r.IntN(60_000))

		end := b.Run(rest)
		wantState, wantMemory, wantOutput := b.State(), b.memory(), b.output()

		b.forget()
		b.WritePhys(0, memory)
		require.NoError(t, b.SetState(state))
		require.Equal(t, state, b.State(), "seed %d: taken again at once", seed)
		require.Equal(t, end, b.Run(rest), "seed %d", seed)
		require.Equal(t, wantState, b.State(), "seed %d", seed)
		require.True(t, bytes.Equal(wantMemory, b.memory()), "seed %d: memory", seed)
		require.Equal(t, wantOutput, b.output(), "seed %d", seed)
		interrupts += bytes.Count(wantMemory[0x8000:], []byte{0xee})
		bytesSent += len(wantOutput)
	}
	require.Greater(t, interrupts, 1000, "the scripts let interrupts in")
	require.Greater(t, bytesSent, 1000, "and send something")
}

// TestSameEveryTime runs scripts on two boards.
func TestSameEveryTime(t *testing.T) {
	for seed := range uint64(20) {
		s := script(rand.New(rand.NewPCG(seed, 2)), 400)
		one, two := newBoard(t, s), newBoard(t, s)
		require.Equal(t, one.Run(200_000), two.Run(200_000))
		require.Equal(t, one.State(), two.State(), "seed %d", seed)
		require.Equal(t, one.output(), two.output(), "seed %d", seed)
		require.True(t, bytes.Equal(one.memory(), two.memory()), "seed %d", seed)
	}
}
