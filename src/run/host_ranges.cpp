// Reads, copies, refers.
#include "run/host_ranges.hpp"

#include <cstring>

#include "os/file.hpp"

namespace inlay::run::host {
namespace {

// Whether that many bytes more may be copied: outputs and copies of one invocation have one bound, but for a few words.
bool may_copy(const Invocation& invocation, uint64_t bytes) {
    uint64_t copied = invocation.cost.copied.heap + bytes;
    return copied <= kHeapRangeCopyMax || invocation.output_bytes + copied <= invocation.limits().output_bytes;
}

}  // namespace

std::optional<std::span<const inlay_range>> read_ranges(const Invocation& invocation, GuestPtr address, uint32_t count, RangeRoom& room) {
    auto bytes = guest_text(invocation, address, GuestLen{static_cast<uint32_t>(count * sizeof(inlay_range))});
    if (!bytes) return std::nullopt;
    std::span<const inlay_range> ranges(room.data(), count);
    if (count > 0) std::memcpy(room.data(), bytes->data(), bytes->size());  // COPY: descriptors of the ABI, no content.
    for (const auto& range : ranges)
        if (!invocation.memory->bytes(GuestPtr{range.address}, GuestLen{range.length})) return std::nullopt;
    return ranges;
}

bool is_by_reference(const Invocation& invocation, const inlay_range& range) {
    auto found = invocation.window_of(range.address, range.length);
    return found && found->second->leaves_by_reference();
}

Piece piece_in_window(const Invocation& invocation, const inlay_range& range) {
    auto [start, window] = *invocation.window_of(range.address, range.length);
    Piece piece;
    piece.pages = window->pages;
    piece.offset = window->offset + (range.address - start);
    piece.length = range.length;
    return piece;
}

Gathered copy_ranges(Invocation& invocation, std::span<const inlay_range> ranges, size_t inline_max) {
    uint64_t bytes = 0;
    for (const auto& range : ranges) bytes += range.length;
    if (!may_copy(invocation, bytes)) return {{}, invocation.meet(&FunctionLimits::output_bytes)};
    invocation.cost.copied.heap += bytes;
    auto text = [&](const inlay_range& range) {
        return *guest_text(invocation, GuestPtr{range.address}, GuestLen{range.length});
    };
    Gathered gathered;
    if (bytes <= inline_max) {
        for (const auto& range : ranges) gathered.piece.bytes += text(range);  // COPY: heap, at most inline_max
        return gathered;
    }
    auto pages = invocation.supply.create_output(bytes);
    if (!pages.ok()) return {{}, code_of_no_output(invocation, pages.error())};
    for (const auto& range : ranges)
        if (!os::write_all((*pages)->fd(), text(range)).ok()) return {{}, INLAY_E_IO};  // COPY: heap, once
    gathered.piece.pages = std::move(pages).value();
    gathered.piece.length = bytes;
    return gathered;
}

}  // namespace inlay::run::host
