# inlay_layer(NAME [USES lower layers...] [LIBS third-party targets...])
#
# Makes the library inlay_NAME from src/NAME/*.cpp and, with INLAY_TESTS, the program NAME_test from src/NAME/*_test.cpp.
function(inlay_layer name)
  cmake_parse_arguments(LAYER "" "" "USES;LIBS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.cpp)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "(_test|/main)\\.cpp$")
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  list(TRANSFORM LAYER_USES PREPEND inlay_)

  set(scope PUBLIC)
  if(sources)
    add_library(inlay_${name} STATIC ${sources})
    target_link_libraries(inlay_${name} PRIVATE inlay_options)
  else()
    add_library(inlay_${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_link_libraries(inlay_${name} ${scope} ${LAYER_USES} ${LAYER_LIBS})

  if(INLAY_TESTS AND tests)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE inlay_${name} inlay_options GTest::gtest_main)
    set_target_properties(${name}_test PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/test)
    gtest_discover_tests(${name}_test TEST_PREFIX ${name}. DISCOVERY_TIMEOUT 60
                         PROPERTIES TIMEOUT 120)
  endif()
endfunction()
