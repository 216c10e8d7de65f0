// libFuzzer's way into the properties of HeadReader.
#include "request_head.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    inlay::fuzz::request_head::one_input({data, size});
    return 0;
}
