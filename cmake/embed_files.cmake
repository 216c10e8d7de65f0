# cmake -DROOT=DIR -DOUTPUT=FILE.cpp -DLIST=FILE -P embed_files.cmake
#
# Writes C++ that defines inlay::cli::embedded_files() (src/app/embedded_files.hpp) with the files that LIST names, one a line, from ROOT.
set(bytes_max 1000000)

file(STRINGS ${LIST} files)
set(arrays "")
set(rows "")
set(number 0)
set(bytes_total 0)
foreach(file IN LISTS files)
  file(SIZE ${ROOT}/${file} size)
  math(EXPR bytes_total "${bytes_total} + ${size}")
  file(READ ${ROOT}/${file} hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  # One byte more: an array has at least one.
  string(APPEND arrays "constexpr unsigned char kFile${number}[] = {${bytes}0};\n")
  string(APPEND rows "    {\"${file}\", {reinterpret_cast<const char*>(kFile${number}), ${size}}},\n")
  math(EXPR number "${number} + 1")
endforeach()
if(bytes_total GREATER bytes_max)
  message(FATAL_ERROR "${bytes_total} bytes are to be embedded, and at most ${bytes_max} may: leave out what projects do not need")
endif()
file(WRITE ${OUTPUT} "// Made by cmake/embed_files.cmake.\n#include \"app/embedded_files.hpp\"\n\nnamespace inlay::cli {\nnamespace {\n\n${arrays}\n"
  "const EmbeddedFile kFiles[] = {\n${rows}};\n\n}  // namespace\n\nstd::span<const EmbeddedFile> embedded_files() { return kFiles; }\n\n"
  "}  // namespace inlay::cli\n")
