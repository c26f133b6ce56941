// SPDX-License-Identifier: BSD-3-Clause
// Queries: what the stub can do, descriptions, threads, monitor commands.

package gdbstub

import (
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
)

// supported keeps what gdb supports and tells what the stub does.
func (s *Server) supported(rest []byte) []byte {
	for feature := range strings.SplitSeq(strings.TrimPrefix(string(rest), ":"), ";") {
		s.knows[feature] = true
	}
	text := fmt.Sprintf("PacketSize=%x;QStartNoAckMode+;qXfer:features:read+;qXfer:memory-map:read+;qXfer:libraries:read+;"+
		"qXfer:exec-file:read+;ReverseStep+;ReverseContinue+;vContSupported+", maxPacket)
	for _, feature := range []string{"swbreak+", "hwbreak+"} {
		if s.knows[feature] {
			text += ";" + feature
		}
	}
	return []byte(text)
}

// transfer is qXfer:OBJECT:read:ANNEX:OFFSET,LENGTH.
func (s *Server) transfer(rest []byte) []byte {
	parts := strings.Split(string(rest), ":")
	if len(parts) != 4 || parts[1] != "read" {
		return nil
	}
	offset, length, ok := span(parts[3])
	if !ok {
		return []byte(errMalformed)
	}
	text := ""
	switch parts[0] {
	case "features":
		if parts[2] != "target.xml" {
			return []byte("E00")
		}
		text = targetXML(s.regs)
	case "memory-map":
		text = `<?xml version="1.0"?><memory-map><memory type="ram" start="0" length="0x100000000"/></memory-map>`
	case "exec-file":
		text = s.kernelName()
	case "libraries":
		text = s.libraries()
		s.known = text
	default:
		return nil
	}
	if uint64(offset) >= uint64(len(text)) {
		return []byte("l")
	}
	part := text[offset:]
	if uint64(len(part)) <= uint64(length) {
		return []byte("l" + part)
	}
	return []byte("m" + part[:length])
}

// The list of libraries is an XML element around the libraries.
const (
	listBegins  = "<library-list>"
	listEnds    = "</library-list>"
	noLibraries = listBegins + listEnds

	pageSize = 4096
)

// libraries lists the modules that are linked, with the addresses of their sections in the order of the file: so gdb reads their symbols
// by itself. Sections that are not loaded are said to lie in the guard page behind the module, where nothing ever is.
func (s *Server) libraries() string {
	var b strings.Builder
	b.WriteString(listBegins)
	for _, img := range s.dbg.Images() {
		if img.Data == nil { // a linked image: no symbols gdb could read
			continue
		}
		b.WriteString(`<library name="`)
		_ = xml.EscapeText(&b, []byte(libraryName(img.File))) // a strings.Builder takes everything
		b.WriteString(`">`)
		for _, addr := range img.Image.FileSectionAddrs() {
			if addr == 0 { // not loaded: gdb wants an address nevertheless
				addr = (img.Image.Base + img.Image.Size() + pageSize - 1) &^ (pageSize - 1)
			}
			fmt.Fprintf(&b, `<section address="%#x"/>`, addr)
		}
		b.WriteString("</library>")
	}
	b.WriteString(listEnds)
	return b.String()
}

// chooseThread is H: there is thread 1, and 0 and -1 mean it too.
func (s *Server) chooseThread(rest []byte) []byte {
	if len(rest) < 2 || !oneThread(string(rest[1:])) {
		return []byte(errMalformed)
	}
	return []byte("OK")
}

func (s *Server) threadAlive(rest []byte) []byte {
	if !oneThread(string(rest)) {
		return []byte(errRefused)
	}
	return []byte("OK")
}

func oneThread(id string) bool { return id == "0" || id == "1" || id == "-1" }

// threadInfo names the task that runs.
func (s *Server) threadInfo(rest []byte) []byte {
	if !oneThread(string(rest)) {
		return []byte(errMalformed)
	}
	text := fmt.Sprintf("CPU, ring %d", s.dbg.View().Registers().CPL)
	for _, t := range s.dbg.View().Kernel().TaskList() {
		if t.Current {
			text += ", " + t.Comm + " " + strconv.Itoa(int(t.Pid))
		}
	}
	return hex.AppendEncode(nil, []byte(text))
}

// monitor executes a command of the console: "monitor log". Moving behind gdb's back is refused.
func (s *Server) monitor(rest []byte) []byte {
	command, err := hex.DecodeString(string(rest))
	if err != nil {
		return []byte(errMalformed)
	}
	changes := s.dbg.Changes()
	answer, err := s.con.Look(string(command))
	if s.dbg.Changes() != changes {
		s.crash = nil
	}
	if err != nil {
		answer += err.Error() + "\n"
	}
	const most = maxPacket/2 - 16
	for len(answer) > 0 {
		part := answer[:min(len(answer), most)]
		if err := s.wire.send(hex.AppendEncode([]byte{'O'}, []byte(part))); err != nil {
			break // the reply finds it out too
		}
		answer = answer[len(part):]
	}
	return []byte("OK")
}
