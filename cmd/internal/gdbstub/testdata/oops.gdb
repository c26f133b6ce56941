# load source_dwarf4.o crash=1
# hide (?m)^<4>(esi|Stack|Call Trace|Process|\[|  ).*\n
# An oops is told of before the instruction that causes it, where its operands can be seen; then the end, and back again.
connect
continue
backtrace
x/i $pc
print s
monitor log
continue
monitor log
continue
reverse-continue
backtrace 2
reverse-continue
print $pc
continue
up
print sum
frame 0
print $eax
kill
