# cmake -DSOURCE=… -DPAGE=… -DSCDOC=… -DOPTIONS_TOOL=… -DFINDINGS_TOOL=… -DVERSION=… -P page.cmake: a manual page, with the table of options where it says
# OPTIONS between two @, and the explanations of all findings where it says FINDINGS.
include(${CMAKE_CURRENT_LIST_DIR}/../install/epoch.cmake) # scdoc's date

function(must_run)
  execute_process(${ARGN} RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${ARGN}: ${status}")
  endif()
endfunction()

must_run(COMMAND ${OPTIONS_TOOL} list --scdoc OUTPUT_FILE ${PAGE}.options)
file(READ ${PAGE}.options OPTIONS)
must_run(COMMAND ${FINDINGS_TOOL} --scdoc OUTPUT_FILE ${PAGE}.findings)
file(READ ${PAGE}.findings FINDINGS)
configure_file(${SOURCE} ${PAGE}.scd @ONLY)
must_run(COMMAND ${SCDOC} INPUT_FILE ${PAGE}.scd OUTPUT_FILE ${PAGE}.new)
file(RENAME ${PAGE}.new ${PAGE})
