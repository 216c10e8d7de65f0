// libFuzzer's way into the properties of parse_byte_range.
#include "byte_range.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    inlay::fuzz::byte_range::one_input({data, size});
    return 0;
}
