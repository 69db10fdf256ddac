# How tests are added. The options of sanitizers are in the test presets.
include(GoogleTest)

# Held for each test on its own, not for the whole program.
set(MUSTER_TEST_TIMEOUT_SECONDS 120)

# One variable: gtest_discover_tests loses what comes after the first.
set(MUSTER_TEST_ENVIRONMENT "PYTHONDONTWRITEBYTECODE=1")

# muster_add_test(NAME SOURCES... [LIBS...] [TIMEOUT SECONDS] [ALONE])
#
# ALONE: its tests measure how long something takes, and nothing else runs beside them.
#
# A GoogleTest program of our own; every TEST in it becomes a test of ctest. Its name is unique in the
# project, so it begins with its folder: muster_add_test(domain_digest_test SOURCES ... LIBS muster::domain).
function(muster_add_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "ALONE" "TIMEOUT" "SOURCES;LIBS")
  if(arg_UNPARSED_ARGUMENTS OR NOT arg_SOURCES)
    message(FATAL_ERROR "muster_add_test(${name}): SOURCES are missing, or unknown: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT ${MUSTER_TEST_TIMEOUT_SECONDS})
  endif()
  add_executable(${name} ${arg_SOURCES})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin/tests")
  target_link_libraries(${name} PRIVATE ${arg_LIBS} muster::warnings GTest::gmock GTest::gtest_main)
  # Some tests run the built programs or read the files that ship.
  target_compile_definitions(${name} PRIVATE
    MUSTER_SOURCE_DIR="${PROJECT_SOURCE_DIR}" MUSTER_BINARY_DIR="${PROJECT_BINARY_DIR}/bin")
  # PRE_TEST asks the program for its tests when ctest runs, so a build never waits for a slow start.
  gtest_discover_tests(${name}
    TEST_PREFIX "${name}."
    DISCOVERY_MODE PRE_TEST
    DISCOVERY_TIMEOUT 60
    PROPERTIES TIMEOUT ${arg_TIMEOUT} RUN_SERIAL ${arg_ALONE} ENVIRONMENT "${MUSTER_TEST_ENVIRONMENT}")
endfunction()

# muster_add_script_test(NAME COMMAND ARGUMENTS... [TIMEOUT SECONDS])
#
# A test that is a program or script; exit code 0 passes. Python tests use ${MUSTER_PYTHON}, the system's own,
# which has grpcio and protobuf from Debian.
set(MUSTER_PYTHON /usr/bin/python3)
function(muster_add_script_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "COMMAND")
  if(arg_UNPARSED_ARGUMENTS OR NOT arg_COMMAND)
    message(FATAL_ERROR "muster_add_script_test(${name}): COMMAND is missing, or unknown: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT ${MUSTER_TEST_TIMEOUT_SECONDS})
  endif()
  add_test(NAME ${name} COMMAND ${arg_COMMAND})
  set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT} ENVIRONMENT "${MUSTER_TEST_ENVIRONMENT}")
endfunction()
