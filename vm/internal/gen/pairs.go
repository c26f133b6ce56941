// SPDX-License-Identifier: BSD-3-Clause

// Pairs: one function for two records that often follow one another, the
// body of the second behind that of the first. The second may be a pair itself.
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

// pairList names the pairs, a line each: two handlers without their "op", or
// three, of which the last two must be a pair.
// Pairs that make most of what runs stand first.
//
//go:embed pairs.txt
var pairList string

var recordName = regexp.MustCompile(`\bin\b`)

func genPairs(f *file) {
	var lists [2][][]string // of two names, of three
	for line := range strings.Lines(pairList) {
		names := strings.Fields(line)
		if len(names) != 2 && len(names) != 3 {
			log.Fatalf("gen: pairs.txt: %q: want two or three names", line)
		}
		lists[len(names)-2] = append(lists[len(names)-2], names)
	}
	f.printf("// pairList has the handlers of pairs of records.\nvar pairList = [...]pairRow{\n")
	var made []string
	for _, list := range lists {
		for _, names := range list {
			first, second := "op"+names[0], "op"+strings.Join(names[1:], "_")
			both := first + "_" + strings.Join(names[1:], "_")
			if bodies[first] == "" || bodies[second] == "" {
				log.Fatalf("gen: pairs.txt: %q: want fast handlers, or one and a pair", names)
			}
			bodies[both] = pairBody(bodies[first], bodies[second])
			made = append(made, both)
			f.printf("{%s, %s, %s},\n", first, second, both)
		}
	}
	f.printf("}\n\n")
	for _, name := range made {
		f.fastHandler(name, bodies[name])
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
