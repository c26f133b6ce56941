#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Writes layout.c: what layout.txt lists, with the values of a kernel's tables.
# usage: mklayout.sh DIRECTORY-WITH-THE-TABLES [KERNEL] > layout.c
set -eu
tables=$1
kernel=${2:-2.4.18-14}
cd "$(dirname "$0")"

exec awk -F '\t' -v kernel="$kernel" '
function missing(what) {
	print "mklayout.sh: not in the tables: " what > "/dev/stderr"
	exit failed = 1
}
function assert(condition, what) {
	printf "_Static_assert(%s, \"%s\");\n", condition, what
}
function field(type, name,    k) {
	k = type SUBSEP name
	if (!(k in offset)) missing(type "." name)
	assert("offsetof(" type ", " name ") == " offset[k], type "." name ": offset")
	assert("sizeof(((" type " *)0)->" name ") == " size[k], type "." name ": size")
}
function structure(type, list,    names, n, i) {
	if (list == "*") list = fields[type]
	n = split(list, names, " ")
	for (i = 1; i <= n; i++) field(type, names[i])
	assert("sizeof(" type ") == " size[type, "(sizeof)"], type ": size")
}
function constants(list,    names, n, i) {
	n = split(list, names, " ")
	for (i = 1; i <= n; i++) {
		if (!(names[i] in value)) missing(names[i])
		assert("(__u32)" names[i] " == (__u32)" value[names[i]], names[i])
	}
}
function prototypes(list, attribute,    names, n, i) {
	n = split(list, names, " ")
	for (i = 1; i <= n; i++) {
		if (prototype[names[i]] == "") missing(names[i])
		printf "extern %s%s;\n", prototype[names[i]], attribute
	}
}
/^#/ { next }
FILENAME ~ /layouts-/ {
	offset[$1, $2] = $3
	size[$1, $2] = $4
	if ($2 != "(sizeof)" && $4 !~ /bit/) fields[$1] = fields[$1] " " $2
	next
}
FILENAME ~ /constants-/ { value[$1] = $2; next }
FILENAME ~ /exports-/ { prototype[$1] = $11; next }
!started++ {
	print "// SPDX-License-Identifier: BSD-3-Clause"
	print "// The headers under include/ against the kernel " kernel ": it compiles, or a line here says what differs."
	print "// Written by mklayout.sh from layout.txt."
	print "#include \"headers.h\"\n"
}
{
	colon = index($0, ":")
	key = substr($0, 1, colon - 1); list = substr($0, colon + 2)
	if (key == "constants") constants(list)
	else if (key == "cdecl") prototypes(list, "")
	else if (key == "fastcall") prototypes(list, " __attribute__((regparm(3)))")
	else structure(key, list)
}
END { exit failed }
' "$tables/layouts-$kernel.tsv" "$tables/constants-$kernel.tsv" "$tables/exports-$kernel.tsv" layout.txt
