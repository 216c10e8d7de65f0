// Digests compiled code and checks it.
#include "registry/compiled_file.hpp"

#include "os/file.hpp"
#include "store/hash.hpp"

namespace inlay::registry {
namespace {

constexpr size_t kHeadBytes = 32;

std::string_view text_of(std::span<const uint8_t> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

std::string compiled_file_head(std::string_view code) { return store::xxh3_128_hex(code); }

Result<std::span<const uint8_t>> code_of_compiled_file(std::span<const uint8_t> file) {
    Error damaged{Errc::corrupt, "compiled code is damaged on disk"};
    if (file.size() < kHeadBytes) return damaged;
    auto code = file.subspan(kHeadBytes);
    if (store::xxh3_128_hex(text_of(code)) != text_of(file.first(kHeadBytes))) return damaged;
    return code;
}

Result<MappedCode> map_compiled_file(int fd) {
    MappedCode mapped;
    INLAY_TRY(auto status, os::status(fd));
    if (status.size > 0) {
        INLAY_TRY(mapped.file, os::Mapping::create(fd, 0, status.size, os::Access::read, os::Sharing::private_));
    }
    INLAY_TRY(mapped.code, code_of_compiled_file(mapped.file.bytes()));
    return mapped;
}

}  // namespace inlay::registry
