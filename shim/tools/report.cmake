# `fdguard report`, in a library of its own for its tests. The page's style and script are files that the build makes into arrays.
set(REPORT_ASSETS "")
set(REPORT_css ${CMAKE_CURRENT_SOURCE_DIR}/tools/report.css)
set(REPORT_js ${CMAKE_CURRENT_SOURCE_DIR}/tools/report.js ${CMAKE_CURRENT_SOURCE_DIR}/tools/report_tree.js)
foreach(asset css js)
  set(output ${CMAKE_CURRENT_BINARY_DIR}/report_${asset}.c)
  string(COMPARE EQUAL ${asset} js script)
  add_custom_command(OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} "-DFILES=${REPORT_${asset}}" -DNAME=report_${asset} -DSCRIPT=${script} -DOUTPUT=${output} -P ${CMAKE_CURRENT_SOURCE_DIR}/tools/asset.cmake
    DEPENDS ${REPORT_${asset}} tools/asset.cmake VERBATIM)
  list(APPEND REPORT_ASSETS ${output})
endforeach()

add_library(fdguard-reporting STATIC ${REPORT_ASSETS} tools/lookup.c tools/report_read.c tools/report_take.c tools/report_images.c tools/report_series.c tools/report_frame.c
  tools/report_options.c tools/report_text.c tools/report_page.c tools/report_glance.c tools/report_chart.c tools/report_data.c)
target_link_libraries(fdguard-reporting PUBLIC fdguard-harness)

fdguard_tool(fdguard-report)
target_link_libraries(fdguard-report PRIVATE fdguard-reporting)
