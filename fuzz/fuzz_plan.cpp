// libFuzzer's way into the properties of pipelines.
#include "plan.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    inlay::fuzz::plan::one_input({data, size});
    return 0;
}
