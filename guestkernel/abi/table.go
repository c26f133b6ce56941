// SPDX-License-Identifier: BSD-3-Clause
// Searching sorted text in place: the one way all embedded tables are read. Formats: data/README.md.

package abi

import (
	"iter"
	"strings"
)

// A table is text whose lines begin with a key that ends at a tab, in byte order of the keys.
type table string

// find returns what follows the key and its tab on the key's line.
func (t table) find(key string) (rest string, ok bool) {
	low, high := 0, len(t) // both always at the start of a line
	for low < high {
		start := lineStart(string(t), (low+high)/2)
		line, next := lineAt(string(t), start)
		lineKey, rest, _ := strings.Cut(line, "\t")
		switch strings.Compare(lineKey, key) {
		case 0:
			return rest, true
		case -1:
			low = next
		default:
			high = start
		}
	}
	return "", false
}

// lines yields every line without its newline.
func (t table) lines() iter.Seq[string] {
	return func(yield func(string) bool) {
		for start := 0; start < len(t); {
			line, next := lineAt(string(t), start)
			if !yield(line) {
				return
			}
			start = next
		}
	}
}

// A layoutTable is text in records: a line "=KEY\tREST", then that record's lines; records in byte order of the keys. No
// other line holds an equals sign.
type layoutTable string

// find returns the rest of the key's head line and the lines that follow it.
func (t layoutTable) find(key string) (rest, body string, ok bool) {
	low, high := 0, len(t) // the record wanted begins in [low, high)
	for low < high {
		middle := (low + high) / 2
		distance := strings.IndexByte(string(t[middle:high]), '=')
		if distance < 0 {
			high = middle
			continue
		}
		start := middle + distance
		head, bodyStart := lineAt(string(t), start)
		headKey, rest, _ := strings.Cut(head[len("="):], "\t")
		switch strings.Compare(headKey, key) {
		case 0:
			body := string(t[bodyStart:])
			if end := strings.IndexByte(body, '='); end >= 0 {
				body = body[:end]
			}
			return rest, body, true
		case -1:
			low = start + 1
		default:
			high = middle
		}
	}
	return "", "", false
}

// names yields the keys of all records.
func (t layoutTable) names() iter.Seq[string] {
	return func(yield func(string) bool) {
		for line := range table(t).lines() {
			if head, isHead := strings.CutPrefix(line, "="); isHead {
				key, _, _ := strings.Cut(head, "\t")
				if !yield(key) {
					return
				}
			}
		}
	}
}

// lineStart returns where the line that holds position at begins.
func lineStart(text string, at int) int {
	return strings.LastIndexByte(text[:at], '\n') + 1
}

// lineAt returns the line that begins at start, without its newline, and where the next one begins.
func lineAt(text string, start int) (line string, next int) {
	end := strings.IndexByte(text[start:], '\n')
	if end < 0 {
		return text[start:], len(text)
	}
	return text[start : start+end], start + end + 1
}
