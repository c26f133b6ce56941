# load source_dwarf4.o
# Breakpoints, lines, locals, structures, forwards and backwards, as the compiler of today writes DWARF 4 at -O2.
connect
info sharedlibrary
backtrace
break area
break source.c:93
continue
backtrace
list
print *s
print s->corner[1]
ptype struct point
step
step
next
info locals
reverse-step
reverse-next
finish
reverse-finish
stepi
x/3i $pc
reverse-stepi
nexti
reverse-stepi
delete 1
continue
backtrace
print pokes
continue
reverse-continue
info breakpoints
kill
