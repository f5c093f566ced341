# `fdguard resolve`, on the library that others have too.
fdguard_tool(fdguard-resolve)
target_sources(fdguard-resolve PRIVATE tools/resolve_options.c tools/resolve_input.c tools/resolve_output.c tools/resolve_line.c
  tools/resolve_progress.c tools/resolve_run.c)
target_link_libraries(fdguard-resolve PRIVATE fdguard-resolver-static)
