// SPDX-License-Identifier: BSD-3-Clause
// The conversions from the reference's tab-separated files to the embedded tables: one function per kind of table.

package main

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// rows splits a reference file into its columns, without comment and heading lines (those whose first cell is heading).
func rows(input, heading string, columns int) ([][]string, error) {
	var all [][]string
	for number, line := range strings.Split(strings.TrimSuffix(input, "\n"), "\n") {
		if strings.HasPrefix(line, "#") || strings.HasPrefix(line, heading+"\t") {
			continue
		}
		cells := strings.Split(line, "\t")
		if len(cells) != columns {
			return nil, fmt.Errorf("line %d: %d columns, want %d", number+1, len(cells), columns)
		}
		all = append(all, cells)
	}
	return all, nil
}

var bitField = regexp.MustCompile(`^(\d+) bits at bit (\d+)$`)

// layouts groups the fields under one "=NAME\tSIZE" line per structure, structures in byte order of their names.
func layouts(input string) (string, error) {
	all, err := rows(input, "struct", 5)
	if err != nil {
		return "", err
	}
	structs := map[string]*strings.Builder{}
	if strings.Contains(strings.Join(slices.Concat(all...), ""), "=") {
		return "", fmt.Errorf("an equals sign, which marks a structure's line")
	}
	for _, row := range all {
		name, field, offset, size, typ := row[0], row[1], row[2], row[3], row[4]
		if field == "(sizeof)" {
			if structs[name] != nil {
				return "", fmt.Errorf("%s: described twice", name)
			}
			structs[name] = new(strings.Builder)
			fmt.Fprintf(structs[name], "=%s\t%s\n", name, size)
			continue
		}
		if structs[name] == nil {
			return "", fmt.Errorf("%s: field %s before (sizeof)", name, field)
		}
		if bits := bitField.FindStringSubmatch(size); bits != nil {
			if width, _ := strconv.Atoi(bits[1]); width < 1 || width > 32 {
				return "", fmt.Errorf("%s.%s: bit field of %d bits", name, field, width)
			}
			size = bits[1] + "@" + bits[2]
		}
		fmt.Fprintf(structs[name], "%s\t%s\t%s\t%s\n", field, offset, size, typ)
	}
	var text strings.Builder
	for _, name := range sortedKeys(structs) {
		text.WriteString(structs[name].String())
	}
	return text.String(), nil
}

// stringLiterals are the C strings that package abi can read back.
var stringLiterals = regexp.MustCompile(`^"([^"\\]|\\[0-7]{1,3}|\\[nt"\\])*"( *"([^"\\]|\\[0-7]{1,3}|\\[nt"\\])*")*$`)

// constants keeps name and value; the hexadecimal column says the same again.
func constants(input string) (string, error) {
	all, err := rows(input, "constant", 3)
	if err != nil {
		return "", err
	}
	lines := make([]string, 0, len(all))
	for _, row := range all {
		if _, err := strconv.ParseInt(row[1], 10, 64); err != nil && !stringLiterals.MatchString(row[1]) {
			return "", fmt.Errorf("%s: value %q is neither a number nor a string", row[0], row[1])
		}
		lines = append(lines, row[0]+"\t"+row[1])
	}
	return sortedTable(lines)
}

var exportKinds = map[string]string{"function": "f", "data": "d", "absolute": "a"}

// exports keeps name, kind, CRC ("-" for the few without one), address, defining file, header and prototype.
func exports(input string) (string, error) {
	all, err := rows(input, "# symbol", 11)
	if err != nil {
		return "", err
	}
	lines := make([]string, 0, len(all))
	for _, row := range all {
		name, versioned := row[0], row[7]
		kind, known := exportKinds[row[3]]
		if !known {
			return "", fmt.Errorf("%s: unknown kind %q", name, row[3])
		}
		crc := "-"
		if versioned != name {
			suffix, has := strings.CutPrefix(versioned, name+"_R")
			if !has || len(suffix) != 8 {
				return "", fmt.Errorf("%s: versioned name %q", name, versioned)
			}
			crc = suffix
		}
		lines = append(lines, strings.Join([]string{name, kind, crc, row[8], row[6], row[9], row[10]}, "\t"))
	}
	return sortedTable(lines)
}

var mapLine = regexp.MustCompile(`^[0-9a-f]{8} [A-Za-z] \S+$`)

// symbols keeps System.map as it is, after checking that it is in order of address.
func symbols(input string) (string, error) {
	previous := ""
	for number, line := range strings.Split(strings.TrimSuffix(input, "\n"), "\n") {
		if !mapLine.MatchString(line) {
			return "", fmt.Errorf("line %d: %q is not a System.map line", number+1, line)
		}
		if line[:8] < previous {
			return "", fmt.Errorf("line %d: %s after %s", number+1, line[:8], previous)
		}
		previous = line[:8]
	}
	return input, nil
}

// symbolNames lists where the lines of the table made by symbols begin, in order of name and then address.
func symbolNames(input string) (string, error) {
	text, err := symbols(input)
	if err != nil {
		return "", err
	}
	type entry struct {
		name   string
		offset int
	}
	var all []entry
	offset := 0
	for line := range strings.Lines(text) {
		all = append(all, entry{strings.TrimSpace(line[len("00000000 T "):]), offset})
		offset += len(line)
	}
	if offset > 0xfffff {
		return "", fmt.Errorf("%d bytes of symbols do not fit the index's five digits", offset)
	}
	slices.SortStableFunc(all, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	var index strings.Builder
	for _, e := range all {
		fmt.Fprintf(&index, "%05x\n", e.offset)
	}
	return index.String(), nil
}

// sortedTable orders lines by their first cell in byte order and refuses two lines with the same one.
func sortedTable(lines []string) (string, error) {
	key := func(line string) string { return line[:strings.IndexByte(line, '\t')] }
	slices.SortFunc(lines, func(a, b string) int { return strings.Compare(key(a), key(b)) })
	for i := 1; i < len(lines); i++ {
		if key(lines[i-1]) == key(lines[i]) {
			return "", fmt.Errorf("%s: listed twice", key(lines[i]))
		}
	}
	return strings.Join(lines, "\n") + "\n", nil
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
