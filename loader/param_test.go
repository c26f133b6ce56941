// SPDX-License-Identifier: BSD-3-Clause
// Module parameters, by the table in testdata/params.

package loader

import (
	"bytes"
	"encoding/hex"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// paramObject has one parameter v of a format, its variable at the start of a
// .data of 32 bytes.
func paramObject(format string, size uint32) testObject {
	return testObject{
		sections: []testSection{
			{name: ".modinfo", typ: shtProgbits, align: 1, data: modinfo("kernel_version=2.4.18", "license=GPL", "parm_v="+format, "parm_desc_v=words")},
			{name: ".data", typ: shtProgbits, flags: shfAlloc | shfWrite, align: 4, data: bytes.Repeat([]byte{0xee}, 32)},
		},
		symbols: []testSymbol{{name: "v", bind: bindGlobal, typ: symObject, section: ".data", size: size}},
	}
}

func TestParameterValues(t *testing.T) {
	for _, row := range tableRows(t, "testdata/params/values.txt", 4) {
		format, argument, want := row[0], row[2], row[3]
		size, err := strconv.Atoi(row[1])
		require.NoError(t, err)
		t.Run(format+" "+argument, func(t *testing.T) {
			object, err := Parse("p.o", paramObject(format, uint32(size)).build(t).bytes)
			require.NoError(t, err)
			plan, err := Prepare(object, nil, Options{Parameters: []string{argument}})
			if message, isError := strings.CutPrefix(want, "error "); isError {
				require.EqualError(t, err, "p.o: "+message)
				return
			}
			require.NoError(t, err)
			img, err := plan.Place(testBase)
			require.NoError(t, err)
			require.Equal(t, want, showVariable(t, img, size))
			require.Equal(t, strings.Contains(want, "+"), len(plan.Warnings()) > 0, "a warning for what goes past the variable: %q", plan.Warnings())
		})
	}
}

// showVariable writes the variable as the table does.
func showVariable(t *testing.T, img *Image, size int) string {
	data, ok := img.Section(".data")
	require.True(t, ok)
	b := img.Bytes[data.Addr-img.Base:][:32]
	if img.Contains(le32(b)) {
		var out string
		for i := 0; i < size; i += 4 {
			out += strconv.Quote(text(t, img, le32(b[i:])))
		}
		return out
	}
	out := hex.EncodeToString(b[:size])
	changed := bytes.TrimRight(b[size:], "\xee")
	if len(changed) > 0 {
		out += "+" + hex.EncodeToString(changed)
	}
	return out
}

// TestParameterInBss: a static variable without an initial value, which is local
// and in a section without contents; the last of repeated arguments holds.
func TestParameterInBss(t *testing.T) {
	object := paramObject("i", 4)
	object.sections[1] = testSection{name: ".bss", typ: shtNobits, flags: shfAlloc | shfWrite, align: 4, size: 8}
	object.symbols = []testSymbol{{name: "v", typ: symObject, section: ".bss", value: 4, size: 4}}
	img := mustLink(t, object, nil, Options{Parameters: []string{"v=1", "v=77"}})
	bss, _ := img.Section(".bss")
	require.Equal(t, uint32(77), word(t, img, bss.Addr+4))
	require.Zero(t, word(t, img, bss.Addr))
}

// TestParameterReplacesPointer: a string variable that has an initial value has
// a relocation; the argument comes after it.
func TestParameterReplacesPointer(t *testing.T) {
	img := mustLink(t, goodObject(), testKernel(), Options{Parameters: []string{"who=world"}})
	require.Equal(t, "world", text(t, img, word(t, img, addrOf(t, img, "who"))))
	img = mustLink(t, goodObject(), testKernel(), Options{})
	require.Equal(t, "hello %s\n", text(t, img, word(t, img, addrOf(t, img, "who"))))
}

// TestParameterWithoutVariable: insmod warns at every load, and refuses a value.
func TestParameterWithoutVariable(t *testing.T) {
	object := paramObject("i", 4)
	object.symbols[0].name = "w"
	o, err := Parse("p.o", object.build(t).bytes)
	require.NoError(t, err)
	plan, err := Prepare(o, nil, Options{})
	require.NoError(t, err)
	require.Equal(t, []string{"Warning: p.o symbol for parameter v not found"}, plan.Warnings())
	_, err = Prepare(o, nil, Options{Parameters: []string{"v=1"}})
	require.EqualError(t, err, "p.o: symbol for parameter v not found")

	object.symbols[0] = testSymbol{name: "v", bind: bindGlobal, section: "UNDEF"}
	o, err = Parse("p.o", object.build(t).bytes)
	require.NoError(t, err)
	_, err = Prepare(o, []Provider{{Exports: []Export{{"v", 0xc0300000}}}}, Options{Parameters: []string{"v=1"}})
	require.EqualError(t, err, "p.o: symbol for parameter v not found", "the kernel's variable is not ours to set")
}

func TestParameterList(t *testing.T) {
	o, err := Parse("good.o", goodObject().build(t).bytes)
	require.NoError(t, err)
	require.Equal(t, []ParameterInfo{{"who", "s", ""}, {"count", "1-2i", ""}, {"buf", "c16", ""}}, o.Parameters())
	o, err = Parse("p.o", paramObject("i", 4).build(t).bytes)
	require.NoError(t, err)
	require.Equal(t, []ParameterInfo{{"v", "i", "words"}}, o.Parameters())
}
