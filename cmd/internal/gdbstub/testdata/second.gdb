# load exporter.o -- importer.o
# The second module is not there yet: gdb learns of it before its init, so that a breakpoint that waits for it works.
connect
set breakpoint pending on
info sharedlibrary
break importer_value
break init_module
continue
info sharedlibrary
backtrace
continue
reverse-continue
kill
