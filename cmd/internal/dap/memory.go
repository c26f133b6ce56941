// SPDX-License-Identifier: BSD-3-Clause
// Memory, code, modules, source files.

package dap

import (
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path"
	"strconv"

	"github.com/google/go-dap"

	"ring0/cmd/internal/debuginfo"
	"ring0/cmd/internal/disasm"
)

// reference is an address as the protocol carries it.
func reference(addr uint32) string { return fmt.Sprintf("%#08x", addr) }

// address reads a reference and an offset.
func address(ref string, offset int) (uint32, error) {
	n, err := strconv.ParseUint(ref, 0, 32)
	if err != nil || int64(n)+int64(offset) < 0 || int64(n)+int64(offset) > 0xffffffff {
		return 0, fmt.Errorf("%q and %d bytes are no address", ref, offset)
	}
	return uint32(int64(n) + int64(offset)), nil
}

// maxMemory bounds what one request reads.
const maxMemory = 1 << 20

func (s *Server) onReadMemory(r *dap.ReadMemoryRequest) (dap.ResponseMessage, error) {
	addr, err := address(r.Arguments.MemoryReference, r.Arguments.Offset)
	if err != nil {
		return nil, err
	}
	count := r.Arguments.Count
	if count < 0 {
		return nil, fmt.Errorf("%d bytes cannot be read", count)
	}
	b := make([]byte, min(uint64(count), maxMemory, 1<<32-uint64(addr)))
	n := s.dbg.View().ReadMem(addr, b)
	return &dap.ReadMemoryResponse{Body: dap.ReadMemoryResponseBody{
		Address: reference(addr), Data: base64.StdEncoding.EncodeToString(b[:n]), UnreadableBytes: len(b) - n}}, nil
}

func (s *Server) onWriteMemory(r *dap.WriteMemoryRequest) (dap.ResponseMessage, error) {
	addr, err := address(r.Arguments.MemoryReference, r.Arguments.Offset)
	if err != nil {
		return nil, err
	}
	b, err := base64.StdEncoding.DecodeString(r.Arguments.Data)
	if err != nil {
		return nil, err
	}
	if r.Arguments.AllowPartial {
		b = b[:s.dbg.View().ReadMem(addr, make([]byte, len(b)))]
	}
	if err := s.dbg.WriteMem(addr, b); err != nil {
		return nil, err
	}
	s.con.Arrived() // frames may look otherwise now
	return &dap.WriteMemoryResponse{Body: dap.WriteMemoryResponseBody{BytesWritten: len(b)}}, nil
}

// maxInstructions bounds one answer of disassemble.
const maxInstructions = 4096

// onDisassemble returns as many instructions as were asked for: what cannot be disassembled is there as "(bad)" or "(not mapped)".
func (s *Server) onDisassemble(r *dap.DisassembleRequest) (dap.ResponseMessage, error) {
	addr, err := address(r.Arguments.MemoryReference, r.Arguments.Offset)
	if err != nil {
		return nil, err
	}
	count, skip := r.Arguments.InstructionCount, r.Arguments.InstructionOffset
	if count < 0 || count > maxInstructions || skip < -maxInstructions || skip > maxInstructions {
		return nil, fmt.Errorf("%d instructions from the %d-th on are too many", count, skip)
	}
	before := max(0, -skip)
	above, below := s.con.Disassembly(addr, before, max(0, count+skip))
	lines := append(s.missing(addr, above, before), below...)
	if skip > 0 {
		lines = lines[min(skip, len(lines)):]
	}
	lines = lines[:min(count, len(lines))]
	response := &dap.DisassembleResponse{Body: dap.DisassembleResponseBody{Instructions: []dap.DisassembledInstruction{}}}
	last := debuginfo.Line{}
	for _, l := range lines {
		response.Body.Instructions = append(response.Body.Instructions, s.disassembled(l, &last))
	}
	return response, nil
}

// missing completes the lines above an address where the code's beginning is not known.
func (s *Server) missing(addr uint32, above []disasm.Line, wanted int) []disasm.Line {
	first := addr
	if len(above) > 0 {
		first = above[0].Addr
	}
	lacking := wanted - len(above)
	lines := make([]disasm.Line, 0, wanted)
	for i := range max(0, lacking) {
		lines = append(lines, disasm.Line{Addr: first - uint32(lacking-i), Text: "(unknown)"})
	}
	return append(lines, above...)
}

// disassembled is an instruction in the protocol's words; the source line stands where it changes.
func (s *Server) disassembled(l disasm.Line, last *debuginfo.Line) dap.DisassembledInstruction {
	text := l.Text
	if l.Note != "" {
		text += " <" + l.Note + ">"
	}
	d := dap.DisassembledInstruction{Address: reference(l.Addr), InstructionBytes: fmt.Sprintf("% x", l.Bytes), Instruction: text,
		Symbol: s.con.Symbol(l.Addr)}
	if at, ok := s.con.Table().LineOf(l.Addr); ok && (at.File != last.File || at.Line != last.Line) {
		*last = at
		if d.Location = s.source(at); d.Location != nil {
			d.Line = s.editorLine(at.Line)
		}
	}
	return d
}

func (s *Server) onModules(r *dap.ModulesRequest) (dap.ResponseMessage, error) {
	list := []dap.Module{}
	for _, m := range s.con.Table().Modules() {
		status := "no debug information"
		if m.Format != "" {
			status = m.Format
		}
		module := dap.Module{Id: m.Name, Name: m.Name, IsUserCode: true, SymbolStatus: status,
			AddressRange: fmt.Sprintf("%s-%s", reference(m.Base), reference(m.Base+m.Size))}
		for _, img := range s.dbg.Images() {
			if img.Image.Base == m.Base {
				module.Path = img.File
			}
		}
		list = append(list, module)
	}
	total := len(list)
	first := min(max(r.Arguments.StartModule, 0), total)
	list = list[first:]
	if n := r.Arguments.ModuleCount; n > 0 {
		list = list[:min(n, len(list))]
	}
	return &dap.ModulesResponse{Body: dap.ModulesResponseBody{Modules: list, TotalModules: total}}, nil
}

func (s *Server) onLoadedSources(*dap.LoadedSourcesRequest) (dap.ResponseMessage, error) {
	list := []dap.Source{}
	for _, f := range s.con.Table().Files() {
		source := dap.Source{Name: path.Base(f), Path: f}
		if found := s.source(debuginfo.Line{File: f}); found != nil {
			source = *found
		}
		list = append(list, source)
	}
	return &dap.LoadedSourcesResponse{Body: dap.LoadedSourcesResponseBody{Sources: list}}, nil
}

// onSource is the text of a file that belongs to a module, and of no other.
func (s *Server) onSource(r *dap.SourceRequest) (dap.ResponseMessage, error) {
	if r.Arguments.Source == nil {
		return nil, errors.New("source: which?")
	}
	for _, f := range s.con.Table().Files() {
		local := s.con.SourcePath(debuginfo.Line{File: f})
		if local == "" || r.Arguments.Source.Path != local && r.Arguments.Source.Path != f {
			continue
		}
		text, err := os.ReadFile(local)
		if err != nil {
			return nil, err
		}
		return &dap.SourceResponse{Body: dap.SourceResponseBody{Content: string(text), MimeType: "text/x-c"}}, nil
	}
	return nil, fmt.Errorf("%s is the source of no module that is loaded", r.Arguments.Source.Path)
}
