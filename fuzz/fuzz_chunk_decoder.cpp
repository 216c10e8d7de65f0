// libFuzzer's way into the properties of ChunkDecoder.
#include "chunk_decoder.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    inlay::fuzz::chunk_decoder::one_input({data, size});
    return 0;
}
