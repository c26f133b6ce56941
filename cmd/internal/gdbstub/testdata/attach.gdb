# load source_dwarf2.o
# Detaching leaves the debuggee where it is; breakpoints of the gdb that left are gone.
connect
break factorial
continue
backtrace 2
print n
detach
connect
backtrace 2
info sharedlibrary
continue
disconnect
connect
continue
reverse-stepi
kill
