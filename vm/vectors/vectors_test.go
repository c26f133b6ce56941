// SPDX-License-Identifier: BSD-3-Clause
// Tests of the vector reader: hand-made files, damaged files, the committed sample, the full set.

package vectors_test

import (
	"bytes"
	"encoding/binary"
	"flag"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"ring0/vm/vectors"
	"ring0/vm/vectors/vectorstest"
)

var update = flag.Bool("update", false, "rewrite the committed sample from the full vector set")

// samplePerForm records of each form keep the committed sample small.
const samplePerForm = 5

// le is a little-endian writer for hand-made files.
type le struct{ bytes.Buffer }

func (w *le) put(vs ...any) *le {
	for _, v := range vs {
		if s, ok := v.(string); ok {
			w.WriteByte(byte(len(s)))
			w.WriteString(s)
			continue
		}
		if err := binary.Write(w, binary.LittleEndian, v); err != nil {
			panic(err)
		}
	}
	return w
}

// fullState has the size of a state on file: 8 GPR, EFLAGS, EIP, 6 segments, FCW, FSW, tag, MXCSR, R, XMM.
func fullState(eax, ecx uint32) []byte {
	var w le
	w.put(eax, ecx, make([]byte, 24), uint32(2), uint32(0x401800), make([]byte, 12))
	w.put(uint16(0x37f), uint16(0x3800), uint8(0x81), uint32(0x1f80), make([]byte, 80+128))
	return w.Bytes()
}

func handMade() (header, record []byte) {
	var h, r le
	h.WriteString("HWV1")
	h.put(uint32(1), uint32(7), "toy")
	h.put(uint8(2), uint32(0x1000), uint32(4), uint8(3), uint8(1), []byte{1, 2, 3, 4})
	h.put(uint32(0x401000), uint32(0x1000), uint8(5), uint8(0))
	h.put(uint8(1), []byte{1, 2, 3, 4, 5, 6, 7, 8})
	h.put(uint8(2), fullState(1, 2), fullState(3, 4))
	h.put(uint16(2), "nop", "add r,r")

	r.put(uint16(1), uint8(1), uint8(vectors.NeedsLDT), uint8(2), []byte{0x01, 0xc8})
	r.put(uint8(4), uint8(1), uint32(0xaa), uint8(13), uint16(0x2b), uint8(16+7), []byte("0123456789"), uint8(32), []byte("0123456789abcdef"))
	r.put(uint8(1), uint32(0x1001), uint8(2), []byte{8, 9})
	r.put(uint8(14), uint32(6), uint32(0xdead0000))
	r.put(uint8(2), uint8(0), uint32(0xad), uint8(25), uint16(0x3801))
	r.put(uint8(1), uint32(0x1002), uint8(1), []byte{0x55})
	r.put(uint16(0x10), uint16(0x4700), uint8(4), uint8(1), uint32(0x1003), uint8(1))
	return h.Bytes(), r.Bytes()
}

func assemble(header []byte, records ...[]byte) []byte {
	var w le
	w.put(header)
	for _, r := range records {
		w.put(uint16(len(r)), r)
	}
	return w.put(uint16(0)).Bytes()
}

func TestReadsEveryField(t *testing.T) {
	header, record := handMade()
	f, err := vectors.Parse(assemble(header, record, record))
	require.NoError(t, err)
	require.Equal(t, uint32(7), f.Seed)
	require.Equal(t, "toy", f.Group)
	require.Equal(t, []string{"nop", "add r,r"}, f.Forms)
	require.Equal(t, [][8]byte{{1, 2, 3, 4, 5, 6, 7, 8}}, f.LDT)
	require.Equal(t, []vectors.Region{
		{Addr: 0x1000, Size: 4, Perm: vectors.PermRead | vectors.PermWrite, Content: []byte{1, 2, 3, 4}},
		{Addr: 0x401000, Size: 0x1000, Perm: vectors.PermRead | vectors.PermExec},
	}, f.Regions)

	recs := collect(t, f)
	require.Len(t, recs, 2)
	r := recs[1]
	require.Equal(t, 1, r.Index)
	require.Equal(t, "add r,r", r.Name)
	require.Equal(t, []byte{0x01, 0xc8}, r.Code)
	require.Equal(t, uint8(vectors.NeedsLDT), r.Flags)

	in := f.Bases[1]
	in.GPR[vectors.ECX] = 0xaa
	in.Seg[vectors.DS] = 0x2b
	copy(in.R[7][:], "0123456789")
	copy(in.XMM[0][:], "0123456789abcdef")
	require.Equal(t, in, r.In)
	require.Equal(t, uint32(3), in.GPR[vectors.EAX], "from base state 1")
	require.Equal(t, 7, in.Top())
	require.Equal(t, in.R[7], in.ST(0))
	require.False(t, in.STEmpty(1), "tag bit 0")
	require.True(t, in.STEmpty(2))

	out := in
	out.GPR[vectors.EAX], out.FSW = 0xad, 0x3801
	require.Equal(t, out, r.Out)
	require.Equal(t, []vectors.Memory{{Addr: 0x1001, Data: []byte{8, 9}}}, r.MemIn)
	require.Equal(t, []vectors.Memory{{Addr: 0x1002, Data: []byte{0x55}}}, r.MemOut)
	require.Equal(t, uint8(14), r.Exception)
	require.Equal(t, uint32(6), r.ErrorCode)
	require.Equal(t, uint32(0xdead0000), r.CR2)
	require.Equal(t, vectors.Undefined{EFLAGS: 0x10, FSW: 0x4700, GPR: 4, Mem: []vectors.Range{{Addr: 0x1003, Len: 1}}}, r.Undefined)
}

func TestEveryTruncationIsAnError(t *testing.T) {
	header, record := handMade()
	whole := assemble(header, record)
	for n := range whole {
		_, err := readAll(whole[:n])
		require.Errorf(t, err, "first %d of %d bytes", n, len(whole))
	}
	_, err := readAll(whole)
	require.NoError(t, err)
}

func TestDamagedFiles(t *testing.T) {
	header, record := handMade()
	edit := func(b []byte, at int, v byte) []byte {
		b = bytes.Clone(b)
		b[at] = v
		return b
	}
	rows := []struct {
		name string
		data []byte
		want string
	}{
		{"magic", assemble(edit(header, 0, 'X'), record), "not a vector file"},
		{"version", assemble(edit(header, 4, 2), record), "version 2, this reader knows 1"},
		{"region size", assemble(edit(header, 24, 0xff), record), "is too large"},
		{"form", assemble(header, edit(record, 0, 2)), "form 2 of 2"},
		{"base", assemble(header, edit(record, 2, 2)), "base state 2 of 2"},
		{"field id", assemble(header, edit(record, 8, 28)), "unknown field id 28"},
		{"left over", assemble(header, append(bytes.Clone(record), 0)), "1 bytes left over"},
		{"gzip", []byte{0x1f, 0x8b, 8, 0}, "EOF"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			_, err := readAll(row.data)
			require.ErrorContains(t, err, row.want)
		})
	}
}

func TestSampleSpreadsOverEachForm(t *testing.T) {
	header, record := handMade()
	var records [][]byte
	for i := range 10 {
		r := bytes.Clone(record)
		r[0] = byte(i / 7) // form 0: records 0–6, form 1: 7–9
		records = append(records, r)
	}
	f, err := vectors.Parse(assemble(header, records...))
	require.NoError(t, err)
	s, err := f.Sample(3)
	require.NoError(t, err)
	counts := map[string]int{}
	for _, r := range collect(t, s) {
		counts[r.Name]++
	}
	require.Equal(t, map[string]int{"nop": 3, "add r,r": 3}, counts)

	var buf bytes.Buffer
	require.NoError(t, s.Encode(&buf))
	again, err := vectors.Parse(buf.Bytes())
	require.NoError(t, err)
	require.True(t, s.Equal(again))
	require.False(t, f.Equal(again))

	_, err = f.Sample(0)
	require.Error(t, err)
}

func TestCommittedSampleIsCurrent(t *testing.T) {
	for _, group := range vectorstest.Groups() {
		t.Run(group, func(t *testing.T) {
			want, err := vectorstest.Full(t, group).Sample(samplePerForm)
			require.NoError(t, err)
			path := vectorstest.SamplePath(group)
			if *update {
				var buf bytes.Buffer
				require.NoError(t, want.Encode(&buf))
				require.NoError(t, os.WriteFile(path, buf.Bytes(), 0o644))
			}
			got, err := vectors.Open(path)
			require.NoError(t, err)
			require.True(t, want.Equal(got), "stale: run with -update")
		})
	}
}

func TestEveryRecordReads(t *testing.T) {
	for _, group := range vectorstest.Groups() {
		t.Run(group, func(t *testing.T) {
			vectorstest.Run(t, group, func(t *testing.T, f *vectors.File) {
				require.Equal(t, group, f.Group)
				seen := make([]bool, len(f.Forms))
				for rec, err := range f.Records() {
					require.NoError(t, err)
					require.NotEmpty(t, rec.Code)
					seen[rec.Form] = true
				}
				require.NotContains(t, seen, false, "a form without a record")
			})
		})
	}
}

func FuzzParse(f *testing.F) {
	header, record := handMade()
	f.Add(assemble(header, record))
	f.Fuzz(func(t *testing.T, data []byte) {
		_, _ = readAll(data) // an error is fine, a panic is not
	})
}

func readAll(data []byte) (n int, err error) {
	f, err := vectors.Parse(data)
	if err != nil {
		return 0, err
	}
	for _, err := range f.Records() {
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

func collect(t *testing.T, f *vectors.File) (recs []*vectors.Record) {
	for rec, err := range f.Records() {
		require.NoError(t, err)
		recs = append(recs, rec)
	}
	return recs
}
