// Split: where the pieces begin that a pipeline cuts content into.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <vector>

#include "base/result.hpp"
#include "registry/plan.hpp"
#include "run/piece.hpp"

namespace inlay::serve {

class Worker;

// Where pieces of about the right size would end, the last at `size`; rising. Of records exactly so. Errors: bad_request: more than kStepItemsMax, or
// not whole records.
Result<std::vector<uint64_t>> split_targets(uint64_t size, const registry::Each& each);

struct SplitContent {
    std::vector<run::Piece> pieces;  // None is empty.
    uint64_t copied_bytes = 0;       // What was looked at, and what lies in no pages.
};

// Cuts it. Lines are not cut; the line feed ends one. Errors: as split_targets(); a line longer than kSplitSearchBytesMax; io_error, object_changed;
// function_timed_out after `deadline_ns`. Cost: of lines, a read of a few KiB for each piece, aside where it is on a disk.
boost::asio::awaitable<Result<SplitContent>> split(Worker& worker, const run::Piece& whole, const registry::Each& each, uint64_t deadline_ns);

}  // namespace inlay::serve
