// SPDX-License-Identifier: BSD-3-Clause

// The cases of testdata/decode.txt, one instruction a line, and that they
// cover every row of the opcode tables.

package x86

import (
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write what is decoded into testdata/decode.txt")

const decodeFile = "testdata/decode.txt"

// A decodeCase is a line of testdata/decode.txt; the file's head says what is in it.
type decodeCase struct {
	line int
	code []byte
	mode Mode
	want string
}

func decodeCases(t testing.TB) (cases []decodeCase) {
	for i, line := range decodeLines(t) {
		fields := strings.SplitN(line, " ", 3)
		if strings.HasPrefix(line, "#") || line == "" {
			continue
		}
		require.GreaterOrEqual(t, len(fields), 2, "line %d", i+1)
		code, err := hex.DecodeString(fields[0])
		require.NoError(t, err, "line %d", i+1)
		c := decodeCase{line: i + 1, code: code, want: strings.Join(fields[2:], "")}
		switch fields[1] {
		case "32":
			c.mode = Code32
		case "16":
		default:
			t.Fatalf("line %d: %q is no mode", i+1, fields[1])
		}
		cases = append(cases, c)
	}
	return cases
}

func decodeLines(t testing.TB) []string {
	data, err := os.ReadFile(decodeFile)
	require.NoError(t, err)
	return strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
}

// got is the third part of a line.
func (c *decodeCase) got() string {
	var in Inst
	if err := Decode(c.code, 0x1000, c.mode, &in); err != OK {
		return err.String()
	}
	text := in.String()
	if flags := in.Flags.String(); flags != "" {
		text += " ; " + flags
	}
	if int(in.Len) != len(c.code) {
		return fmt.Sprintf("%s, and %d bytes too many", text, len(c.code)-int(in.Len))
	}
	return text
}

func TestDecode(t *testing.T) {
	lines := decodeLines(t)
	for _, c := range decodeCases(t) {
		got := c.got()
		require.NotContains(t, got, "too many", "%s:%d", decodeFile, c.line)
		if *update {
			lines[c.line-1] = strings.Join(strings.SplitN(lines[c.line-1], " ", 3)[:2], " ") + " " + got
			continue
		}
		if got != c.want {
			t.Errorf("%s:%d: %x: got %q, want %q", decodeFile, c.line, c.code, got, c.want)
		}
	}
	if *update {
		require.NoError(t, os.WriteFile(decodeFile, []byte(strings.Join(lines, "\n")+"\n"), 0o644))
	}
}

// rowsAt lists the rows whose code and operands fit the instruction's bytes.
// It looks at the bytes alone.
func rowsAt(code []byte) (fitting []*row) {
	seen := lookAt(code)
	mandatory := "NP"
	for _, p := range []string{"66", "F2", "F3"} { // the last of F2 and F3 wins, over 66
		if strings.Contains(seen.prefixes, p) && (p == "66" || strings.LastIndex(seen.prefixes, p) > strings.LastIndex(seen.prefixes, mandatory) || mandatory == "66") {
			mandatory = p
		}
	}
	for r := range allRows() {
		e := excuse{at: r.parse()}
		p := placedRow{row: r, at: e.at}
		prefixed := e.at.prefix != ""
		switch {
		case !e.covers(seen), prefixed && e.at.prefix != mandatory:
		case e.at.modrm < 0 && p.selection() != selNone && !p.allows(seen.modrm < 0xC0):
		default:
			fitting = append(fitting, r)
		}
	}
	return fitting
}

// TestDecodeCasesCoverRows asks for a case for each row of the opcode tables,
// in 16- and in 32-bit code, and with both kinds of operand where the row has
// both. The operation must be the row's.
func TestDecodeCasesCoverRows(t *testing.T) {
	type variant struct {
		*row
		mode   Mode
		memory bool
	}
	covered := map[variant]bool{}
	for _, c := range decodeCases(t) {
		var in Inst
		if Decode(c.code, 0, c.mode, &in) != OK || in.Flags&Lock != 0 {
			continue
		}
		rows := rowsAt(c.code)
		if in.Op == NOP && len(rows) == 2 {
			rows = rows[:1] // 90 is also XCHG (E)AX, (E)AX
		}
		if len(rows) == 0 {
			require.Equal(t, Invalid, in.Op, "%x has no row", c.code)
			continue
		}
		require.Len(t, rows, 1, "%x: %v", c.code, rows)
		require.Equal(t, rows[0].op, in.Op, "%x", c.code)
		covered[variant{rows[0], c.mode, in.Form.hasMemory()}] = true
	}
	for r := range allRows() {
		if r.op == Invalid {
			continue
		}
		for _, mode := range []Mode{Code32, 0} {
			for _, f := range r.place().forms {
				v := variant{r, mode, f.form.hasMemory()}
				if f.exists && !covered[v] {
					t.Errorf("%s has no case for %+v, 32-bit code %v, memory %v", decodeFile, *r, mode == Code32, v.memory)
				}
			}
		}
	}
}
