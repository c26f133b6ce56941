# load source_dwarf4.o
# hide 0x1[0-9a-f]{6}\b
# Registers of the system, x87 and SSE are changed as the instruction for each would change them; what would fault is refused.
connect
break poke
continue
set var $ds = 0x2b
set var $es = 0
print $es
set var $fs = 0x13
set var $gs = 0xffff
set var $gs = 0x12345
set var $ss = 0x2b
set var $cs = 0
set var $cs = 0x23
set var $cs = 0x10
set var $cr0 = $cr0 & ~1
set var $cr4 = 0x100000
set var $cr4 = $cr4 | 4
print $cr4
set var $cr2 = 0x1234
set var $dr7 = 0x401
set var $gdtr_limit = 0x10000
set var $idtr_limit = 0x7fe
set var $tr = 0
set var $cpl = 3
set var $ldtr = 0x18
set var $eflags |= 0x20000
set var $mxcsr = 0xffffffff
set var $mxcsr = 0x9f80
print $mxcsr
set var $xmm3.v4_float[1] = 1.5
print $xmm3.v4_float
set var $st0 = 2.5
set var $st1 = -1
set var $ftag = 0xffff
set var $fctrl = 0x37f
set var $fstat = 0x3800
maint flush register-cache
info float
set var $mm0.uint64 = 0x1122334455667788
print/x $mm0.uint64
stepi
print $xmm3.v4_float
print $ds
monitor edits
reverse-stepi
print $xmm3.v4_float
reverse-stepi
print $xmm3.v4_float
print $mxcsr
print $cr4
print/x $ds
stepi
print $xmm3.v4_float
print $mxcsr
print/x $ds
# In ring 3.
delete
break *0x08048002
continue
print $cpl
set var $ds = 0x18
set var $ss = 0x18
set var $cs = 0x10
set var $gs = 0
set var $xmm7.uint128 = 7
reverse-stepi
print $xmm7.uint128
stepi
print $xmm7.uint128
monitor edits
kill
