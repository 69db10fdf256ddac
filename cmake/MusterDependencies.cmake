# Everything that is not ours, all of it from Debian 12. `./dev setup` installs it.

find_package(Threads REQUIRED)
find_package(Protobuf REQUIRED)  # Before gRPC, whose config file expects protobuf's targets.
find_package(absl CONFIG REQUIRED)
find_package(gRPC CONFIG REQUIRED QUIET)
find_package(RocksDB CONFIG REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(Boost 1.74 REQUIRED)  # Beast and Asio, which are headers alone.
find_package(spdlog CONFIG REQUIRED)
find_package(CLI11 CONFIG REQUIRED)
find_package(nlohmann_json CONFIG REQUIRED)
find_package(prometheus-cpp CONFIG REQUIRED)
find_package(GTest CONFIG REQUIRED)
find_package(benchmark CONFIG REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(xxhash REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(systemd REQUIRED IMPORTED_TARGET libsystemd)
pkg_check_modules(xlsxwriter REQUIRED IMPORTED_TARGET xlsxwriter)
pkg_check_modules(jemalloc REQUIRED IMPORTED_TARGET jemalloc)
pkg_check_modules(LIBPQ REQUIRED IMPORTED_TARGET libpq)
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3)

# Debian's gRPC exports no target for its plug-in.
find_program(MUSTER_GRPC_CPP_PLUGIN grpc_cpp_plugin REQUIRED)

# libcsv ships neither a CMake nor a pkg-config file.
find_path(MUSTER_LIBCSV_INCLUDE csv.h REQUIRED)
find_library(MUSTER_LIBCSV csv REQUIRED)
mark_as_advanced(MUSTER_GRPC_CPP_PLUGIN MUSTER_LIBCSV_INCLUDE MUSTER_LIBCSV)
add_library(libcsv::libcsv UNKNOWN IMPORTED)
set_target_properties(libcsv::libcsv PROPERTIES
  IMPORTED_LOCATION "${MUSTER_LIBCSV}"
  INTERFACE_INCLUDE_DIRECTORIES "${MUSTER_LIBCSV_INCLUDE}")

# toml++ from its headers: the library that Debian builds of it reports errors by exceptions.
find_path(MUSTER_TOMLPLUSPLUS_INCLUDE toml++/toml.h REQUIRED)
mark_as_advanced(MUSTER_TOMLPLUSPLUS_INCLUDE)
add_library(muster_tomlplusplus INTERFACE)
add_library(tomlplusplus::headers ALIAS muster_tomlplusplus)
target_include_directories(muster_tomlplusplus SYSTEM INTERFACE "${MUSTER_TOMLPLUSPLUS_INCLUDE}")
target_compile_definitions(muster_tomlplusplus INTERFACE TOML_HEADER_ONLY=1 TOML_EXCEPTIONS=0)

# To be loaded before a program that is to see another time. Of the two that there are this one alone stands threads; the
# other now and then gives a time that is years from the faked one. Tests alone need it: a build does without, and where it
# is missing the tests look where Debian puts it, and fail if it is not there either.
find_library(MUSTER_LIBFAKETIME libfaketimeMT.so.1 PATH_SUFFIXES faketime)
mark_as_advanced(MUSTER_LIBFAKETIME)
if(NOT MUSTER_LIBFAKETIME)
  set(MUSTER_LIBFAKETIME "/usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}/faketime/libfaketimeMT.so.1")
endif()

# muster::allocator: malloc for programs whose threads hand memory on to each other all the time. Sanitizers bring theirs.
add_library(muster_allocator INTERFACE)
add_library(muster::allocator ALIAS muster_allocator)
if(NOT MUSTER_SANITIZE)
  target_link_libraries(muster_allocator INTERFACE PkgConfig::jemalloc)
endif()
