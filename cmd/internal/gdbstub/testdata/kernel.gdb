# load source_dwarf4.o timer=1
# then rmmod source_dwarf4
# Functions of the modelled kernel are one instruction each; timers; monitor commands; a second module's life.
connect
break printk
continue
backtrace
x/2i $pc
x/s *(char **)($esp+4)
finish
delete
break on_timer
continue
backtrace 1
finish
delete
break cleanup_module
continue
backtrace 1
monitor log
monitor modules
monitor lsmod
monitor continue
monitor nonsense
continue
continue
info sharedlibrary
kill
