// SPDX-License-Identifier: BSD-3-Clause

package session

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSplitScript(t *testing.T) {
	for script, want := range map[string][]scriptPart{
		"":         nil,
		" ; ;\n;":  nil,
		"cat /x":   {{"cat /x", []string{"cat", "/x"}, ""}},
		" cat\t/x": {{"cat\t/x", []string{"cat", "/x"}, ""}},
		"ls /a;ls /b\nls /c;": {
			{"ls /a", []string{"ls", "/a"}, ""}, {"ls /b", []string{"ls", "/b"}, ""}, {"ls /c", []string{"ls", "/c"}, ""},
		},
		"echo a b>/x":             {{"echo a b>/x", []string{"echo", "a", "b"}, "/x"}},
		`echo 'a; b > c' > "/ x"`: {{`echo 'a; b > c' > "/ x"`, []string{"echo", "a; b > c"}, "/ x"}},
		`echo ">" a'"'b"'"é ''`:   {{`echo ">" a'"'b"'"é ''`, []string{"echo", ">", `a"b'é`, ""}, ""}},
	} {
		parts, err := splitScript(script)
		require.NoError(t, err, script)
		require.Equal(t, want, parts, script)
	}
}

func TestScriptErrors(t *testing.T) {
	for script, want := range map[string]string{
		"cat":                      `step 1, "cat": want cat PATH`,
		"cat /x; cat /x /y":        `step 2, "cat /x /y": want cat PATH`,
		"cat /x > /y":              `step 1, "cat /x > /y": want cat PATH`,
		"echo 'a":                  `echo 'a: a quote ' without its end`,
		"echo a >":                 `step 1, "echo a >": want one file behind >, and nothing else`,
		"echo a >> /x":             `step 1, "echo a >> /x": want one file behind >, and nothing else`,
		"echo a > /x b":            `step 1, "echo a > /x b": want one file behind >, and nothing else`,
		"> /x":                     `step 1, "> /x": want one file behind >, and nothing else`,
		"mount -t minix /dev/ram0": `step 1, "mount -t minix /dev/ram0": want mount -t TYPE [-o OPTIONS] DEVICE DIR`,
		"mount /dev/ram0 /mnt":     `step 1, "mount /dev/ram0 /mnt": want mount -t TYPE [-o OPTIONS] DEVICE DIR`,
		"mount -x y -t z a b":      `step 1, "mount -x y -t z a b": want mount -t TYPE [-o OPTIONS] DEVICE DIR`,
		"ifconfig":                 `step 1, "ifconfig": want ifconfig ` + ifconfigUsage,
		"ifconfig eth0 mtu":        `step 1, "ifconfig eth0 mtu": mtu "" is no number: want ifconfig ` + ifconfigUsage,
		"sleep -1":                 `step 1, "sleep -1": want sleep SECONDS`,
		"sleep NaN":                `step 1, "sleep NaN": want sleep SECONDS`,
		"sleep 1e9":                `step 1, "sleep 1e9": want sleep SECONDS`,
		"\nfrob": `step 1, "frob": want one of cat PATH, echo TEXT > PATH, ls DIR, mkdir DIR, rm PATH, ` +
			`mount -t TYPE [-o OPTIONS] DEVICE DIR, umount DIR, ifconfig DEVICE [ADDRESS] [netmask ADDRESS] [broadcast ADDRESS] [mtu N] [hw ether ADDRESS] [up|down] [[-]promisc] [[-]allmulti] [[-]arp], rmmod NAME, sleep SECONDS`,
	} {
		_, err := parseSteps(script)
		require.EqualError(t, err, want, script)
	}
}

func TestSplitWords(t *testing.T) {
	words, err := SplitWords(`scull.o  name="a b"; x=1>2`)
	require.NoError(t, err)
	require.Equal(t, []string{"scull.o", "name=a b;", "x=1>2"}, words)
	_, err = SplitWords(`scull.o 'name`)
	require.ErrorContains(t, err, "without its end")
}
