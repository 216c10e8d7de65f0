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

// Cuts it: no piece is empty. Lines are not cut; the line feed ends one. Errors: as split_targets(); a line longer than kSplitSearchBytesMax; io_error.
// Cost: of lines, a read of a few KiB for each piece, aside where it is on a disk.
boost::asio::awaitable<Result<std::vector<run::Piece>>> split(Worker& worker, const run::Piece& whole, const registry::Each& each);

}  // namespace inlay::serve
