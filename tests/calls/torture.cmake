# Torture: the ctests torture/*. Each is a program and a shell script that runs it bare and guarded; torture.sh where nothing special is to be
# looked at.

function(torture_program name)
  cmake_parse_arguments(T "" "" "FLAGS" ${ARGN})
  set(target torture_${name})
  add_executable(${target} ${CALLS_DIR}/torture_${name}.c)
  target_compile_options(${target} PRIVATE ${T_FLAGS})
  target_link_options(${target} PRIVATE ${T_FLAGS})
  target_link_libraries(${target} PRIVATE calls-expect pthread)
  calls_settle(${target})
endfunction()

function(torture_test name script)
  fdguard_test(torture/${name} ${CALLS_DIR}/${script} ${ARGN} TIMEOUT 300)
endfunction()

foreach(name signals threads opens many before after)
  torture_program(${name})
  torture_test(${name} torture.sh $<TARGET_FILE:torture_${name}>)
endforeach()
torture_test(after-with-thread torture.sh $<TARGET_FILE:torture_after> thread)
# Lazy binding is the default; the program that binds everything at its start calls us at other moments.
add_executable(torture_before_now ${CALLS_DIR}/torture_before.c)
target_link_options(torture_before_now PRIVATE -Wl,-z,now)
target_link_libraries(torture_before_now PRIVATE calls-expect)
calls_settle(torture_before_now)
torture_test(before-now torture.sh $<TARGET_FILE:torture_before_now>)

foreach(name limit close_all stdio seccomp)
  torture_program(${name})
  torture_test(${name} torture_${name}.sh $<TARGET_FILE:torture_${name}>)
endforeach()

torture_program(environment)
torture_test(environment torture_environment.sh $<TARGET_FILE:torture_environment> $<TARGET_FILE:calls-child>
  $<TARGET_FILE:calls-pipes-constructor>)

add_executable(still_guarded ${CALLS_DIR}/still_guarded.c)
target_link_libraries(still_guarded PRIVATE calls-expect pthread)
calls_settle(still_guarded)
torture_test(still-guarded still_guarded.sh $<TARGET_FILE:still_guarded>)
torture_test(spawn-targets spawn_targets.sh $<TARGET_FILE:calls-spawn_targets>)

add_library(torture_late SHARED ${CALLS_DIR}/torture_late.c)
calls_settle(torture_late)
torture_test(late torture_late.sh $<TARGET_FILE:torture_late>)

include(CheckCSourceCompiles)
foreach(sanitizer thread address undefined)
  set(CMAKE_REQUIRED_FLAGS -fsanitize=${sanitizer})
  check_c_source_compiles("int main(void) { return 0; }" CALLS_HAVE_${sanitizer})
  unset(CMAKE_REQUIRED_FLAGS)
  if(CALLS_HAVE_${sanitizer})
    add_executable(torture_sanitized_${sanitizer} ${CALLS_DIR}/torture_sanitized.c)
    target_compile_options(torture_sanitized_${sanitizer} PRIVATE -fsanitize=${sanitizer} -g)
    target_link_options(torture_sanitized_${sanitizer} PRIVATE -fsanitize=${sanitizer})
    target_link_libraries(torture_sanitized_${sanitizer} PRIVATE pthread)
    calls_settle(torture_sanitized_${sanitizer})
    torture_test(sanitized-${sanitizer} torture_sanitized.sh $<TARGET_FILE:torture_sanitized_${sanitizer}> ${sanitizer})
  else()
    message(STATUS "no -fsanitize=${sanitizer} with this compiler: torture/sanitized-${sanitizer} is left out")
  endif()
endforeach()
