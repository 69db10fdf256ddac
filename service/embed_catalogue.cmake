# Writes the files of a catalogue into a C++ source: cmake -DFILES=a;b -DOUTPUT=c.cc -P embed_catalogue.cmake
set(source "#include \"service/server.h\"\n\nnamespace muster {\n\nstd::vector<CatalogueFile> ShippedCatalogueFiles() {\n  return {\n")
foreach(file IN LISTS FILES)
  get_filename_component(name "${file}" NAME)
  file(READ "${file}" text)
  string(APPEND source "      {\"catalogue/${name}\", R\"catalogue(${text})catalogue\"},\n")
endforeach()
string(APPEND source "  };\n}\n\n}  // namespace muster\n")
file(WRITE "${OUTPUT}" "${source}")
