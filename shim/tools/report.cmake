# `fdguard report`, in a library of its own for its tests. The page's style and script are files that the build makes into arrays.
set(REPORT_ASSETS "")
foreach(asset css js)
  set(output ${CMAKE_CURRENT_BINARY_DIR}/report_${asset}.c)
  add_custom_command(OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DFILE=${CMAKE_CURRENT_SOURCE_DIR}/tools/report.${asset} -DNAME=report_${asset} -DOUTPUT=${output} -P ${CMAKE_CURRENT_SOURCE_DIR}/tools/asset.cmake
    DEPENDS tools/report.${asset} tools/asset.cmake VERBATIM)
  list(APPEND REPORT_ASSETS ${output})
endforeach()

add_library(fdguard-reporting STATIC ${REPORT_ASSETS} tools/lookup.c tools/report_read.c tools/report_take.c tools/report_images.c tools/report_series.c tools/report_frame.c
  tools/report_options.c tools/report_text.c tools/report_page.c tools/report_glance.c tools/report_chart.c tools/report_data.c)
target_link_libraries(fdguard-reporting PUBLIC fdguard-harness)

fdguard_tool(fdguard-report)
target_link_libraries(fdguard-report PRIVATE fdguard-reporting)
