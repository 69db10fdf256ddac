# muster_generate(OUT_VARIABLE MESSAGES|SERVICES PROTOS...)
#
# Generates C++ for files of proto/, into ${PROJECT_BINARY_DIR}/generated, and sets OUT_VARIABLE to what the
# target must compile. MESSAGES makes *.pb.{h,cc}; SERVICES makes *.grpc.pb.{h,cc}.
set(MUSTER_GENERATED_DIR "${PROJECT_BINARY_DIR}/generated")
file(MAKE_DIRECTORY "${MUSTER_GENERATED_DIR}")

function(muster_generate out_variable kind)
  set(root "${PROJECT_SOURCE_DIR}/proto")
  if(kind STREQUAL "MESSAGES")
    set(infix "pb")
    set(arguments "--cpp_out=${MUSTER_GENERATED_DIR}")
  elseif(kind STREQUAL "SERVICES")
    set(infix "grpc.pb")
    set(arguments "--grpc_out=${MUSTER_GENERATED_DIR}"
      "--plugin=protoc-gen-grpc=${MUSTER_GRPC_CPP_PLUGIN}")
  else()
    message(FATAL_ERROR "muster_generate: MESSAGES or SERVICES, not ${kind}")
  endif()

  # A file may import any other, so a change of one makes all again; ccache makes that cheap.
  file(GLOB_RECURSE all_protos CONFIGURE_DEPENDS "${root}/*.proto")
  foreach(proto IN LISTS ARGN)
    string(REGEX REPLACE "\\.proto$" "" stem "${proto}")
    set(generated "${MUSTER_GENERATED_DIR}/${stem}.${infix}.h" "${MUSTER_GENERATED_DIR}/${stem}.${infix}.cc")
    add_custom_command(
      OUTPUT ${generated}
      COMMAND protobuf::protoc -I "${root}" ${arguments} "${root}/${proto}"
      DEPENDS ${all_protos}
      COMMENT "Generating ${stem}.${infix}.cc"
      VERBATIM)
    list(APPEND sources ${generated})
  endforeach()
  set(${out_variable} ${sources} PARENT_SCOPE)
endfunction()
