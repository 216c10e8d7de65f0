// libFuzzer's way into the properties of receive and send.
#include "stream.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    inlay::fuzz::stream::one_input({data, size});
    return 0;
}
