# Everything that is not ours: Debian packages (tools/setup installs them) and the engine archive (tools/engine builds it).
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(Threads REQUIRED)
find_package(Boost 1.81 EXACT REQUIRED)
if(INLAY_TESTS)
  find_package(GTest REQUIRED)
endif()

add_library(inlay_asio INTERFACE)
target_link_libraries(inlay_asio INTERFACE Boost::headers Threads::Threads)
# BOOST_ASIO_DISABLE_THREADS is not set: helper threads post to the supervisor's loop.
# A request passes through a handful of coroutines: their frames are kept for the next one, not only the last two.
target_compile_definitions(inlay_asio INTERFACE BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_RECYCLING_ALLOCATOR_CACHE_SIZE=8)

execute_process(COMMAND ${CMAKE_SOURCE_DIR}/tools/engine OUTPUT_VARIABLE INLAY_ENGINE_DIR
                OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
add_library(inlay_engine_archive STATIC IMPORTED)
set_target_properties(inlay_engine_archive PROPERTIES
  IMPORTED_LOCATION ${INLAY_ENGINE_DIR}/libinlay_engine.a
  INTERFACE_INCLUDE_DIRECTORIES ${INLAY_ENGINE_DIR}/include)
target_link_libraries(inlay_engine_archive INTERFACE Threads::Threads ${CMAKE_DL_LIBS} m)
