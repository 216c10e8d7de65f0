// libFuzzer's way into the properties of respond and publish on lists of ranges.
#include "range_list.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    inlay::fuzz::range_list::one_input({data, size});
    return 0;
}
