# fdguard_fuzzer(NAME): fuzz/fuzz_NAME.c becomes build/bin/fuzz-NAME and the ctest fuzz/NAME: a bounded number of inputs, always the same.
# With clang and -DFDGUARD_LIBFUZZER=ON it is libFuzzer that drives it, for as long as one likes: no ctest then.
option(FDGUARD_LIBFUZZER "Link the fuzzers with clang's libFuzzer" OFF)

function(fdguard_fuzzer name)
  add_executable(fuzz-${name} fuzz/fuzz_${name}.c)
  target_include_directories(fuzz-${name} PRIVATE fuzz)
  target_link_libraries(fuzz-${name} PRIVATE fdguard-flags fdguard-core-archive ${BSD_STATIC} pthread)
  target_compile_definitions(fuzz-${name} PRIVATE FDG_TEST)
  if(FDGUARD_LIBFUZZER)
    target_compile_options(fuzz-${name} PRIVATE -fsanitize=fuzzer)
    target_link_options(fuzz-${name} PRIVATE -fsanitize=fuzzer)
  else()
    target_sources(fuzz-${name} PRIVATE fuzz/driver.c)
    fdguard_test(fuzz/${name} ${CMAKE_BINARY_DIR}/bin/fuzz-${name} TIMEOUT 300)
  endif()
endfunction()

fdguard_fuzzer(options)
fdguard_fuzzer(suppressions)
fdguard_fuzzer(symbol)
fdguard_fuzzer(note)
fdguard_fuzzer(naming)
