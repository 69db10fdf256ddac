# How our code is compiled: muster::warnings for every target of ours, hardening and sanitizers for all.

option(MUSTER_WARNINGS_AS_ERRORS "A warning in our code fails the build" ON)
option(MUSTER_FUZZ "The programs of tests/fuzz are linked with libFuzzer, and all is compiled for it; needs clang" OFF)
set(MUSTER_SANITIZE "" CACHE STRING "Value of -fsanitize= for everything compiled here; empty for none")

# Generated code is not held to these: it does not link muster::warnings, and its headers are SYSTEM.
add_library(muster_warnings INTERFACE)
add_library(muster::warnings ALIAS muster_warnings)
target_compile_options(muster_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion
  -Wnon-virtual-dtor -Woverloaded-virtual -Wold-style-cast -Wextra-semi
  $<$<BOOL:${MUSTER_WARNINGS_AS_ERRORS}>:-Werror>)

# What runs for every result is optimised further than the rest in what ships. (Everywhere it would make g++ 12 warn of
# what is not so, in tests for the most part.)
add_library(muster_hot_path INTERFACE)
add_library(muster::hot_path ALIAS muster_hot_path)
target_compile_options(muster_hot_path INTERFACE $<$<CONFIG:Release>:-O3>)

# The standard library checks its bounds in every preset: a bad index stops the program, it never reads on.
add_compile_definitions(_GLIBCXX_ASSERTIONS)

# What the linker fills in at the start is read-only from then on.
add_link_options(-Wl,-z,relro,-z,now)

if(MUSTER_SANITIZE)
  add_compile_options("-fsanitize=${MUSTER_SANITIZE}" -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options("-fsanitize=${MUSTER_SANITIZE}")
endif()

# Part of every program, where the loader looks first.
if(MUSTER_SANITIZE STREQUAL "thread")
  add_library(muster_thread_sanitizer OBJECT "${PROJECT_SOURCE_DIR}/tests/thread_sanitizer.cc")
  target_compile_options(muster_thread_sanitizer PRIVATE -fno-sanitize=all)
  target_link_libraries(muster_thread_sanitizer PRIVATE muster::warnings)
  set(is_program "$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>")
  link_libraries("$<${is_program}:$<TARGET_OBJECTS:muster_thread_sanitizer>>" "$<${is_program}:absl::status>")
endif()

if(MUSTER_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

find_program(MUSTER_CCACHE ccache)
mark_as_advanced(MUSTER_CCACHE)
if(MUSTER_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Paths below the project count from the build folder, so another checkout finds what this one compiled.
  set(CMAKE_CXX_COMPILER_LAUNCHER
    env "CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}" CCACHE_NOHASHDIR=1 "${MUSTER_CCACHE}")
endif()
