// Gather: puts pieces that lie here and there one behind the other into pages of their own.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <vector>

#include "base/result.hpp"
#include "run/piece.hpp"

namespace inlay::serve {

class Worker;

// Some of a list.
struct SomePieces {
    std::vector<run::Piece*> pieces;
    uint64_t bytes = 0;
};
// Those that lie in no pages.
SomePieces small_pieces(std::vector<run::Piece>& pieces);
// Those in the files of which least is used, so many that without them there are at most `files`.
SomePieces pieces_beyond(std::vector<run::Piece>& pieces, size_t files);
SomePieces all_pieces(std::vector<run::Piece>& pieces);
// Makes one of pieces that lie one behind the other in the same pages already.
void join_neighbours(std::vector<run::Piece>& pieces);
uint64_t bytes_of(const std::vector<run::Piece>& pieces);

// Copies each into new pages, in this order, has it say so, and gives how many bytes that were. It is done aside, a part at a time. Errors:
// overloaded, io_error, object_changed; function_timed_out after `deadline_ns`; then nothing has changed.
boost::asio::awaitable<Result<uint64_t>> gather(Worker& worker, std::vector<run::Piece*> pieces, uint64_t deadline_ns);

}  // namespace inlay::serve
