# The same date in all that is made, whenever that was: the changelog's, where nobody has set another.
if("$ENV{SOURCE_DATE_EPOCH}" STREQUAL "")
  file(STRINGS ${CMAKE_CURRENT_LIST_DIR}/deb/changelog date REGEX "^ -- ")
  list(GET date 0 date)
  string(REGEX REPLACE "^.*>  " "" date "${date}")
  execute_process(COMMAND date -d ${date} +%s OUTPUT_VARIABLE date OUTPUT_STRIP_TRAILING_WHITESPACE)
  set(ENV{SOURCE_DATE_EPOCH} ${date})
endif()
