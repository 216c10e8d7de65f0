// Digests compiled code and checks it.
#include "registry/compiled_file.hpp"

#include <array>

#include "os/file.hpp"
#include "store/hash.hpp"

namespace inlay::registry {
namespace {

constexpr size_t kDigestBytes = 32;
constexpr size_t kWayBytes = 8;
constexpr size_t kHeadBytes = kDigestBytes + kWayBytes;
constexpr std::string_view kWhole = "whole..\n", kStreams = "streams\n";

std::string_view text_of(std::span<const uint8_t> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Error damaged() { return Error{Errc::corrupt, "compiled code is damaged on disk"}; }

Result<BodyWay> way_of(std::string_view text) {
    if (text == kStreams) return BodyWay::streams;
    return text == kWhole ? Result(BodyWay::whole) : Result<BodyWay>(damaged());
}

}  // namespace

std::string compiled_file_head(std::string_view code, BodyWay way) {
    return store::xxh3_128_hex(code).append(way == BodyWay::streams ? kStreams : kWhole);
}

Result<BodyWay> body_way_of_compiled_file(int fd) {
    std::array<char, kWayBytes> text;
    if (!os::read_exactly_at(fd, text.data(), text.size(), kDigestBytes).ok()) return damaged();
    return way_of({text.data(), text.size()});
}

Result<std::span<const uint8_t>> code_of_compiled_file(std::span<const uint8_t> file) {
    if (file.size() < kHeadBytes) return damaged();
    INLAY_TRY_VOID(way_of(text_of(file.subspan(kDigestBytes, kWayBytes))));
    auto code = file.subspan(kHeadBytes);
    if (store::xxh3_128_hex(text_of(code)) != text_of(file.first(kDigestBytes))) return damaged();
    return code;
}

Result<MappedCode> map_compiled_file(int fd) {
    MappedCode mapped;
    INLAY_TRY(auto status, os::status(fd));
    if (status.size > 0) {
        INLAY_TRY(mapped.file, os::Mapping::create(fd, 0, status.size, os::Access::read, os::Sharing::private_));
    }
    INLAY_TRY(mapped.code, code_of_compiled_file(mapped.file.bytes()));
    INLAY_TRY(mapped.way, way_of(text_of(mapped.file.bytes().subspan(kDigestBytes, kWayBytes))));
    return mapped;
}

}  // namespace inlay::registry
