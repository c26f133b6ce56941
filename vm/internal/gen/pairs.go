// SPDX-License-Identifier: BSD-3-Clause

// Pairs: one function for two records that often follow one another, the
// body of the second behind that of the first.
//
// The second record stays what it is, with handlers of its own. It runs alone
// where its half of the pair leaves the fast path: its state is exact then,
// since the first has run whole. So a pair changes nothing but speed.

package main

import (
	_ "embed"
	"log"
	"regexp"
	"strings"
)

// pairList names the pairs, a line each: the two handlers without their "op".
// Pairs that make most of what runs stand first.
//
//go:embed pairs.txt
var pairList string

var recordName = regexp.MustCompile(`\bin\b`)

func genPairs(f *file) {
	f.printf("// pairList has the handlers of pairs of records.\nvar pairList = [...]pairRow{\n")
	var pairs [][2]string
	for line := range strings.Lines(pairList) {
		names := strings.Fields(line)
		if len(names) != 2 || bodies["op"+names[0]] == "" || bodies["op"+names[1]] == "" {
			log.Fatalf("gen: pairs.txt: %q: want two fast handlers", line)
		}
		pairs = append(pairs, [2]string{names[0], names[1]})
		f.printf("{op%s, op%s, op%s_%s},\n", names[0], names[1], names[0], names[1])
	}
	f.printf("}\n\n")
	for _, p := range pairs {
		f.printf("func op%s_%s(c *CPU, in *inst) *inst {\n%s}\n\n", p[0], p[1], pairBody(bodies["op"+p[0]], bodies["op"+p[1]]))
	}
}

// pairBody runs first, and where that is done second on the next record.
func pairBody(first, second string) string {
	const done = "return true\n"
	first = strings.TrimSuffix(first, done)
	if strings.Contains(strings.ReplaceAll(first, "return miss", ""), "return") {
		log.Fatalf("gen: pairs.txt: this body has more than one way out:\n%s", first)
	}
	second = recordName.ReplaceAllString(fastBody(second), "after")
	return fastReturns.Replace(strings.ReplaceAll(first, hit, "")) + "{\nafter := nextRec(in)\n" + second + "}\n" +
		fastReturns.Replace(strings.Repeat("}\nreturn miss\n", strings.Count(first, hit)))
}
