// SPDX-License-Identifier: BSD-3-Clause
// Packets for registers, memory and breakpoints.

package gdbstub

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"

	"ring0/cmd/internal/debugger"
)

func (s *Server) readRegisters([]byte) []byte {
	r := s.dbg.View().Registers()
	var b []byte
	for i := range s.regs {
		b = append(b, s.regs[i].get(&r)...)
	}
	return hex.AppendEncode(nil, b)
}

// writeRegisters is G. Registers that cannot be changed must come as they are. The others are changed one by one: where the
// processor refuses one, those before it have been.
func (s *Server) writeRegisters(rest []byte) []byte {
	data, err := hex.DecodeString(string(rest))
	r := s.dbg.View().Registers()
	if err != nil {
		return []byte(errMalformed)
	}
	type change struct {
		reg *register
		now []byte
	}
	var changes []change
	for i := range s.regs {
		reg := &s.regs[i]
		old := reg.get(&r)
		if len(data) < len(old) {
			return []byte(errMalformed)
		}
		now := data[:len(old)]
		data = data[len(old):]
		switch {
		case bytes.Equal(old, now):
		case reg.fixed != "":
			return refused(errors.New(reg.fixed))
		default:
			changes = append(changes, change{reg, now})
		}
	}
	for _, c := range changes {
		if err := s.setRegister(c.reg, c.now); err != nil {
			return refused(err)
		}
	}
	return []byte("OK")
}

// refused is an error that gdb shows as it is: without the letters that would have to be escaped.
func refused(err error) []byte {
	text := strings.TrimPrefix(err.Error(), "debugger: ")
	return append([]byte("E."), strings.Map(func(r rune) rune {
		if strings.ContainsRune("#$}*", r) || r < ' ' || r > '~' {
			return -1
		}
		return r
	}, text)...)
}

// setRegister changes a register: what came next before may not happen now.
func (s *Server) setRegister(reg *register, b []byte) error {
	if reg.fixed != "" {
		return errors.New(reg.fixed)
	}
	if reg.set == debugger.FTAG {
		b = []byte{abridgedTag(binary.LittleEndian.Uint32(b))}
	}
	s.crash = nil
	defer s.con.Arrived() // monitor commands look at frames
	return s.dbg.SetRegister(reg.set, b)
}

func (s *Server) readRegister(rest []byte) []byte {
	n, err := strconv.ParseUint(string(rest), 16, 16)
	if err != nil || n >= uint64(len(s.regs)) {
		return []byte(errMalformed)
	}
	r := s.dbg.View().Registers()
	return hex.AppendEncode(nil, s.regs[n].get(&r))
}

func (s *Server) writeRegister(rest []byte) []byte {
	number, value, ok := strings.Cut(string(rest), "=")
	n, err := strconv.ParseUint(number, 16, 16)
	data, hexErr := hex.DecodeString(value)
	if !ok || err != nil || hexErr != nil || n >= uint64(len(s.regs)) {
		return []byte(errMalformed)
	}
	reg := s.regs[n]
	r := s.dbg.View().Registers()
	switch {
	case len(data)*8 != reg.bits:
		return []byte(errMalformed)
	case bytes.Equal(data, reg.get(&r)):
		return []byte("OK")
	}
	if err := s.setRegister(&reg, data); err != nil {
		return refused(err)
	}
	return []byte("OK")
}

// span reads "addr,length".
func span(text string) (addr, size uint32, ok bool) {
	a, n, has := strings.Cut(text, ",")
	at, err1 := strconv.ParseUint(a, 16, 32)
	length, err2 := strconv.ParseUint(n, 16, 32)
	return uint32(at), uint32(length), has && err1 == nil && err2 == nil
}

// readMemory is m: what can be read of it, or an error if nothing can.
func (s *Server) readMemory(rest []byte) []byte {
	addr, size, ok := span(string(rest))
	if !ok {
		return []byte(errMalformed)
	}
	b := make([]byte, min(size, maxPacket/2))
	n := s.dbg.View().ReadMem(addr, b)
	if n == 0 && len(b) > 0 {
		return []byte(errMemory)
	}
	return hex.AppendEncode(nil, b[:n])
}

func (s *Server) writeHex(rest []byte) []byte {
	where, data, ok := strings.Cut(string(rest), ":")
	b, err := hex.DecodeString(data)
	if !ok || err != nil {
		return []byte(errMalformed)
	}
	return s.write(where, b)
}

func (s *Server) writeBinary(rest []byte) []byte {
	where, data, ok := bytes.Cut(rest, []byte{':'})
	if !ok {
		return []byte(errMalformed)
	}
	return s.write(string(where), data)
}

func (s *Server) write(where string, b []byte) []byte {
	addr, size, ok := span(where)
	switch {
	case !ok || int(size) != len(b):
		return []byte(errMalformed)
	case len(b) == 0: // gdb asks whether X works
		return []byte("OK")
	}
	s.crash = nil
	if s.dbg.WriteMem(addr, b) != nil {
		return []byte(errMemory)
	}
	s.con.Arrived()
	return []byte("OK")
}

// pointOf reads "type,addr,kind".
func pointOf(rest []byte) (p point, ok bool) {
	if len(rest) < 2 || rest[1] != ',' {
		return p, false
	}
	p.kind = rest[0]
	text, _, _ := strings.Cut(string(rest[2:]), ";")
	p.addr, p.size, ok = span(text)
	return p, ok
}

// insertPoint is Z0 to Z4. Setting one twice is setting it once.
func (s *Server) insertPoint(rest []byte) []byte {
	p, ok := pointOf(rest)
	if !ok {
		return []byte(errMalformed)
	}
	if _, set := s.points[p]; set {
		return []byte("OK")
	}
	id, err := 0, error(nil)
	switch p.kind {
	case '0', '1':
		id, err = s.dbg.Break(debugger.Location{Kind: debugger.AtAddress, Addr: p.addr})
	case '2', '3', '4':
		kind := map[byte]debugger.WatchKind{'2': debugger.WatchWrite, '3': debugger.WatchRead, '4': debugger.WatchAccess}[p.kind]
		id, err = s.dbg.AddWatchpoint(debugger.Watchpoint{Range: debugger.Range{Addr: p.addr, Size: p.size}, Kind: kind})
	default:
		return nil
	}
	if err != nil {
		return []byte(errRefused)
	}
	s.points[p] = id
	return []byte("OK")
}

func (s *Server) removePoint(rest []byte) []byte {
	p, ok := pointOf(rest)
	if !ok {
		return []byte(errMalformed)
	}
	if p.kind < '0' || p.kind > '4' {
		return nil
	}
	id, set := s.points[p]
	if !set {
		return []byte("OK")
	}
	delete(s.points, p)
	if s.dbg.Delete(id) != nil {
		return []byte(errRefused)
	}
	return []byte("OK")
}
