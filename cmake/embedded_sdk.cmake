# What `inlay new` writes is in the program: the SDKs, their contract, and the templates of projects. No examples, no tests.
file(GLOB_RECURSE embedded CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR}
  abi/inlay.h sdk/c/*.h sdk/c/*.c sdk/cpp/*.hpp sdk/templates/*
  sdk/rust/build sdk/rust/Cargo.toml sdk/rust/inlay/*.toml sdk/rust/inlay/src/*.rs sdk/rust/inlay-macros/*.toml sdk/rust/inlay-macros/src/*.rs
  sdk/assemblyscript/package.json sdk/assemblyscript/asconfig.json sdk/assemblyscript/index.ts sdk/assemblyscript/lines.js
  sdk/assemblyscript/assembly/*.ts sdk/assemblyscript/testing/*.js
  sdk/go/go.mod sdk/go/*.go)
list(FILTER embedded EXCLUDE REGEX "^sdk/(rust|go)/.*_test\\.(rs|go)$|^sdk/.*/(examples|guest|testdata|node_modules|target|__pycache__)/")
list(SORT embedded)
set(list ${CMAKE_BINARY_DIR}/embedded_files.txt)
string(REPLACE ";" "\n" lines "${embedded}")
file(CONFIGURE OUTPUT ${list} CONTENT "${lines}\n" @ONLY)
set(source ${CMAKE_BINARY_DIR}/embedded_files.cpp)
list(TRANSFORM embedded PREPEND ${CMAKE_SOURCE_DIR}/ OUTPUT_VARIABLE embedded_paths)
add_custom_command(
  OUTPUT ${source}
  COMMAND ${CMAKE_COMMAND} -DROOT=${CMAKE_SOURCE_DIR} -DOUTPUT=${source} -DLIST=${list} -P ${CMAKE_SOURCE_DIR}/cmake/embed_files.cmake
  DEPENDS ${embedded_paths} ${list} ${CMAKE_SOURCE_DIR}/cmake/embed_files.cmake
  COMMENT "Embedding the SDKs"
  VERBATIM)
target_sources(inlay_app PRIVATE ${source})
