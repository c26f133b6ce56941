# load source_dwarf4.o crash=1
# What is changed before the faulting instruction is another history: this one has no oops.
connect
continue
x/i $pc
set var $ecx = &triangle
continue
monitor log
reverse-continue
kill
