// SPDX-License-Identifier: BSD-3-Clause
// Files that gdb reads through the stub (gdb manual, appendix E.7 "File-I/O", vFile): the modules as they were linked, and the kernel.
// There are no others: gdb sees nothing of the host.

package gdbstub

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
)

// Errors of vFile as gdb numbers them.
const (
	fileNotFound  = "F-1,2"
	fileBadNumber = "F-1,9"
	fileDenied    = "F-1,d"
	fileInvalid   = "F-1,16"
)

// maxFiles bounds what one gdb has open.
const maxFiles = 64

// libraryName is a module's file as gdb is told of it.
func libraryName(file string) string {
	if abs, err := filepath.Abs(file); err == nil {
		return abs
	}
	return file
}

// kernelName is what the kernel's file is called.
func (s *Server) kernelName() string {
	return "/ring0/vmlinux-" + s.dbg.View().Kernel().Profile().Name
}

// content is a file's content; nil: there is none of that name.
func (s *Server) content(name string) []byte {
	if name == s.kernelName() {
		if s.kernel == nil {
			k := s.dbg.View().Kernel()
			s.kernel = kernelFile(kernelSymbols(k.Profile(), k.EntrySymbols()))
		}
		return s.kernel
	}
	for _, img := range s.dbg.Images() {
		if img.Data != nil && libraryName(img.File) == name {
			return img.Data
		}
	}
	return nil
}

// file is vFile:OPERATION:ARGUMENTS. An unknown operation gets the empty reply.
func (s *Server) file(rest []byte) []byte {
	operation, arguments, _ := strings.Cut(string(rest), ":")
	args := strings.Split(arguments, ",")
	switch {
	case operation == "setfs":
		return []byte("F0")
	case operation == "open" && len(args) == 3:
		return s.openFile(args[0], args[1])
	case operation == "pread" && len(args) == 3:
		return s.readFile(args)
	case operation == "fstat" && len(args) == 1:
		return s.statFile(args[0])
	case operation == "close" && len(args) == 1:
		n, _ := strconv.ParseUint(args[0], 16, 16)
		if _, open := s.files[n]; !open {
			return []byte(fileBadNumber)
		}
		delete(s.files, n)
		return []byte("F0")
	case operation == "open", operation == "pread", operation == "fstat", operation == "close":
		return []byte(fileInvalid)
	}
	return nil
}

func (s *Server) openFile(hexName, flags string) []byte {
	name, err := hex.DecodeString(hexName)
	if err != nil {
		return []byte(fileInvalid)
	}
	if flags != "0" { // reading only
		return []byte(fileDenied)
	}
	data := s.content(string(name))
	if data == nil {
		return []byte(fileNotFound)
	}
	for n := uint64(3); n < 3+maxFiles; n++ {
		if _, open := s.files[n]; !open {
			s.files[n] = data
			return fmt.Appendf(nil, "F%x", n)
		}
	}
	return []byte(fileDenied)
}

// opened is an open file by its number.
func (s *Server) opened(number string) (data []byte, ok bool) {
	n, err := strconv.ParseUint(number, 16, 16)
	if err != nil {
		return nil, false
	}
	data, ok = s.files[n]
	return data, ok
}

// readFile is pread: number, count, offset.
func (s *Server) readFile(args []string) []byte {
	data, open := s.opened(args[0])
	count, err1 := strconv.ParseUint(args[1], 16, 32)
	offset, err2 := strconv.ParseUint(args[2], 16, 32)
	switch {
	case !open:
		return []byte(fileBadNumber)
	case err1 != nil || err2 != nil:
		return []byte(fileInvalid)
	}
	data = data[min(offset, uint64(len(data))):]
	const most = maxPacket/2 - 16 // every byte may have to be escaped
	data = data[:min(count, uint64(len(data)), most)]
	return append(fmt.Appendf(nil, "F%x;", len(data)), data...)
}

// statFile is fstat. Of the protocol's struct stat only mode, links and sizes say something.
func (s *Server) statFile(number string) []byte {
	data, open := s.opened(number)
	if !open {
		return []byte(fileBadNumber)
	}
	const regularReadable = 0o100444
	var b []byte
	word := func(v uint32) { b = binary.BigEndian.AppendUint32(b, v) }
	long := func(v uint64) { b = binary.BigEndian.AppendUint64(b, v) }
	word(0) // device
	word(0) // inode
	word(regularReadable)
	word(1) // links
	word(0) // user
	word(0) // group
	word(0) // device of a device
	long(uint64(len(data)))
	long(512)
	long((uint64(len(data)) + 511) / 512)
	word(0) // times
	word(0)
	word(0)
	return append(fmt.Appendf(nil, "F%x;", len(b)), b...)
}
