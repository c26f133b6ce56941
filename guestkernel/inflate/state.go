// SPDX-License-Identifier: BSD-3-Clause
// What a stream is between two calls (2.4.18 lib/zlib_inflate, which is zlib 1.1.3).

// Package inflate decompresses zlib streams in pieces and behaves, at each end of a piece, as the 2.4 kernel's zlib_inflate
// does: how much it has taken and given, what it returns, what it calls the error.
//
// A caller can tell more of zlib 1.1.3 than a newer one shows. Output goes into a window first and from there to the
// caller, so that input may be taken which has no room in the output yet. Codes are looked up in tables of several levels,
// and a look-up waits for as many bits as its table has, needed or not. Distances are not checked: what lies before the
// beginning of a stream is what the window held.
//
//	state.go   Stream and State
//	stream.go  the stream: its head, its blocks, its check value
//	block.go   blocks: stored, and the lengths of dynamic codes
//	codes.go   literals and copies
//	table.go   look-up tables of codes
//	window.go  bits in, bytes out
package inflate

import (
	"encoding/binary"
	"slices"
)

// Result is what a call returns.
type Result int32

// Results.
const (
	OK           Result = 0
	StreamEnd    Result = 1
	NeedDict     Result = 2
	StreamError  Result = -2
	DataError    Result = -3
	MemError     Result = -4
	BufError     Result = -5
	VersionError Result = -6
)

// Ways to flush that make a difference.
const (
	PacketFlush = 2 // the input is a PPP packet: a block that was stored for flushing lacks its length
	Finish      = 5 // there is no more input
)

// A Stream is a stream during one call: what the caller has of it, and the state that stays.
type Stream struct {
	Avail    int                 // bytes of input
	Taken    int                 // how many were taken; -1 when one from before this input is to come again
	Input    func(at int) []byte // a piece of the input: one byte or more, from a place on that is -1 or below Avail
	Room     uint32              // how much output there may still be
	Output   func([]byte)        // gets it
	TotalIn  uint32
	TotalOut uint32
	Adler    uint32
	Msg      string // what was wrong; stays when it is empty
	State    *State
	Window   []byte // 1 << State.WBits bytes that stay

	piece   []byte // of the input, and where it begins
	pieceAt int
}

// State is what stays between calls. Its fields have one size, so that it can lie in memory.
type State struct {
	Mode   uint32 // of the stream
	Method uint32
	Was    uint32 // the check value, and the one in the stream
	Need   uint32
	Marker uint32 // how much of a flush marker was found
	NoWrap uint32 // neither head nor check value
	WBits  uint32

	Block  uint32 // mode inside the blocks
	Left   uint32 // of a stored block
	Counts uint32 // 14 bits: how many lengths a dynamic block has
	Index  uint32
	Depth  uint32 // bits of the first table of lengths
	Last   uint32 // this is the last block
	BitK   uint32 // bits in the buffer
	BitB   uint32
	Read   uint32 // places in the window
	Write  uint32
	Check  uint32

	Code      uint32 // mode inside the codes
	Fixed     uint32 // the codes are the fixed ones
	Length    uint32 // of a copy
	Distance  uint32
	Extra     uint32 // bits that follow the length or distance
	Literal   uint32
	Prefix    uint32 // bits of a code that longer tables are reached by, and how many
	PrefixLen uint32

	Short   [20]uint8  // lengths of the codes that lengths are coded in
	Lengths [320]uint8 // of codes: literals and lengths, behind them distances
}

// Size is how many bytes a State takes in memory.
func Size() int { return binary.Size(State{}) }

// Marshal writes a state to memory.
func (s *State) Marshal() []byte {
	b, err := binary.Append(nil, binary.LittleEndian, s)
	if err != nil {
		panic(err)
	}
	return b
}

// Unmarshal reads a state from memory. It is false for one that no stream can be in.
func (s *State) Unmarshal(b []byte) bool {
	if _, err := binary.Decode(b, binary.LittleEndian, s); err != nil {
		return false
	}
	size := uint32(1) << s.WBits
	return s.WBits >= 8 && s.WBits <= 15 && s.Mode < modes && s.Block < blockModes && s.Code < codeModes && s.Marker <= 5 &&
		s.BitK <= 32 && s.Read <= size && s.Write <= size && s.Counts < 1<<14 && s.Index <= uint32(len(s.Lengths)) && s.Depth <= 7 &&
		s.Left < 1<<16 && s.Length <= 258 && s.Distance <= 1<<15 && s.Extra <= 13 && s.PrefixLen <= 15 && s.lengthsFit()
}

// lengthsFit tells whether all lengths are those of codes.
func (s *State) lengthsFit() bool {
	return slices.Max(s.Lengths[:]) <= maxBits && slices.Max(s.Short[:]) <= lengthBits
}
