# load source_stabs.o
# Stabs, with frame pointers.
connect
break area
continue
backtrace
print triangle
next
next
info locals
finish
kill
