# cmake -DSOURCE=… -DPAGE=… -DSCDOC=… -DOPTIONS_TOOL=… -DVERSION=… -P page.cmake: a manual page, with its table of options.
function(must_run)
  execute_process(${ARGN} RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${ARGN}: ${status}")
  endif()
endfunction()

must_run(COMMAND ${OPTIONS_TOOL} list --scdoc OUTPUT_FILE ${PAGE}.options)
file(READ ${PAGE}.options OPTIONS)
configure_file(${SOURCE} ${PAGE}.scd @ONLY)
must_run(COMMAND ${SCDOC} INPUT_FILE ${PAGE}.scd OUTPUT_FILE ${PAGE}.new)
file(RENAME ${PAGE}.new ${PAGE})
