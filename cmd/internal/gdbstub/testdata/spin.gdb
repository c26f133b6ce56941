# load spin.o
# hide 0xc200f0[0-9a-f][0-9a-f] in
# Ctrl-C ends a run that would not end by itself; stepping from there, both ways.
connect
interrupt continue
set var $here = $pc
stepi
stepi
reverse-stepi
reverse-stepi
print $pc == $here
monitor log
detach
