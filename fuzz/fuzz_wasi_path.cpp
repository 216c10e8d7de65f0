// libFuzzer's way into the properties of paths of WASI programs.
#include "wasi_path.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    inlay::fuzz::wasi_path::one_input({data, size});
    return 0;
}
