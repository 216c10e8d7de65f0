// Ranges: what a guest says of its memory when something is to leave it, and what of that leaves by reference.
#pragma once

#include <array>
#include <optional>
#include <span>

#include "base/limits.hpp"
#include "run/host_api.hpp"

namespace inlay::run::host {

using RangeRoom = std::array<inlay_range, kRangesMax>;

// The guest's list of ranges, copied out before it is looked at: the guest's memory may change under nobody, but twice-read
// values are a habit to avoid. nullopt: not inside its memory. Requires: count <= kRangesMax.
std::optional<std::span<const inlay_range>> read_ranges(const Invocation& invocation, GuestPtr address, uint32_t count, RangeRoom& room);

// Whether a range lies in a window whose pages can leave as they are.
bool is_by_reference(const Invocation& invocation, const inlay_range& range);
// Those pages. Requires: the range lies in one window.
Piece piece_in_window(const Invocation& invocation, const inlay_range& range);

// Content, or the code that the guest gets instead.
struct Gathered {
    Piece piece;
    int32_t code = 0;
};

// Copies the ranges one after the other: into our own bytes up to `inline_max`, beyond that into a memfd, once.
Gathered copy_ranges(Invocation& invocation, std::span<const inlay_range> ranges, size_t inline_max);

}  // namespace inlay::run::host
