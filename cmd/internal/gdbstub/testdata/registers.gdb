# load source_dwarf4.o
# hide (?m)^(esp|cr3) .*
# Registers of every feature; changing registers and memory.
connect
info registers
info float
info registers xmm0 mxcsr
print $cr0
break deeper
continue
print/x $eax
set var $eax = 0x12345678
print/x $eax
stepi
print/x $eax
print label
set var label[0] = 'L'
print label
x/s &label
print counter = 40
break poke
continue
print s->tiny = 5
stepi
reverse-stepi
print label
print counter
x/2xb 0
kill
