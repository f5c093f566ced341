# `fdguard scan`, in a library of its own for its tests.
add_library(fdguard-scanning STATIC tools/scan_text.c tools/scan_process.c tools/scan_threads.c tools/scan_sockets.c tools/scan_holders.c tools/scan_imports.c tools/scan_trace.c
  tools/scan_under.c tools/scan_fix.c tools/scan_say.c tools/scan_facts.c tools/scan_look.c tools/scan_closewait.c tools/scan_blocking.c tools/scan_epoll.c tools/scan_spin.c
  tools/scan_select.c tools/scan_cloexec.c tools/scan_listeners.c tools/scan_growth.c tools/scan_options.c)
target_link_libraries(fdguard-scanning PUBLIC fdguard-flags fdguard-output fdguard-core-archive)

fdguard_tool(fdguard-scan)
target_link_libraries(fdguard-scan PRIVATE fdguard-scanning)
target_link_options(fdguard-scan PRIVATE -Wl,--as-needed) # no libdw in it
