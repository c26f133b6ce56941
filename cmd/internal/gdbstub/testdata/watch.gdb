# load source_dwarf5.o
# Watched memory: a write, a read and either one, both ways; values of before and after.
connect
watch triangle.tiny
continue
backtrace 2
continue
reverse-continue
print triangle.tiny
x/i $pc
reverse-continue
continue
delete
tbreak init_module
continue
rwatch triangle.corner[0].y
continue
x/i $pc
reverse-continue
x/i $pc
delete
awatch poke::pokes
continue
continue
reverse-continue
delete
watch triangle
continue
kill
