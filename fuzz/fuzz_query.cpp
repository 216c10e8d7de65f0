// libFuzzer's way into the properties of escapes and query parameters.
#include "query.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    inlay::fuzz::query::one_input({data, size});
    return 0;
}
