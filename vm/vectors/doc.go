// SPDX-License-Identifier: BSD-3-Clause
// What a vector is, and what this package does with it; the format itself is in format.go.

// Package vectors reads CPU conformance vectors in the HWV1 format.
//
// A vector is one instruction executed by a real CPU, with the whole
// architectural state before and after it. To run one on another CPU:
//
//  1. map the file's Regions with their contents, nothing else, and make the
//     file's LDT the current LDT;
//  2. load Record.In, write Record.Code at CS:EIP, lay Record.MemIn over memory;
//  3. execute one instruction;
//  4. compare with Record.Out, Record.MemOut and Record.Exception under
//     Record.Undefined; memory that MemOut does not name must be unchanged.
//
// EFLAGS is recorded without RF: compare it under EFLAGSMask. On a fault
// Out.EIP is that of the instruction, on a trap that of the next one.
package vectors
