# One set of warnings and sanitizers for all of our own code.
add_library(inlay_options INTERFACE)
target_compile_options(inlay_options INTERFACE -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Wconversion -Wno-sign-conversion
                                               -Wno-missing-field-initializers
                                               # g++ 12 reports false ones in coroutines.
                                               -Wno-mismatched-new-delete)
if(INLAY_WERROR)
  target_compile_options(inlay_options INTERFACE -Werror)
endif()
if(INLAY_SANITIZE)
  # g++ 12 reports false ones under sanitizers, in libstdc++.
  target_compile_options(inlay_options INTERFACE -fsanitize=${INLAY_SANITIZE} -fno-omit-frame-pointer
                                                 -fno-sanitize-recover=all -Wno-maybe-uninitialized)
  target_link_options(inlay_options INTERFACE -fsanitize=${INLAY_SANITIZE})
endif()
target_include_directories(inlay_options INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_definitions(inlay_options INTERFACE INLAY_VERSION="${PROJECT_VERSION}")
