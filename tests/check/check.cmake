# fdguard check, end to end: on the guards' own wrong and right programs, and on input that is none.
if(FDGUARD_SANITIZE)
  return() # these programs are preloaded into, and a sanitizer wants to be first
endif()
fdguard_program(check-static check/starts.c FLAGS -static)
fdguard_program(check-starts check/starts.c)
fdguard_program(check-places check/places.c FLAGS -g -O0)
fdguard_program(check-ends check/ends.c)

file(GLOB CHECK_SCRIPTS CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/check/test_*.sh)
foreach(script ${CHECK_SCRIPTS})
  get_filename_component(name ${script} NAME_WE)
  string(REPLACE "test_check_" "" name ${name})
  fdguard_test(check/${name} ${script} TIMEOUT 300)
  if(FDGUARD_LIBDW AND LIBDW AND LIBDW_INCLUDE)
    set_property(TEST check/${name} APPEND PROPERTY ENVIRONMENT FDG_LIBDW=1)
  endif()
endforeach()

# Writes a hostile run in the formats that CI reads, for validators that others wrote.
if(CMOCKA)
  add_executable(formats-sample check/formats_sample.c)
  target_link_libraries(formats-sample PRIVATE fdguard-output ${CMOCKA})
endif()
