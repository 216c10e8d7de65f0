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
// Those of at most so many bytes, wherever they lie.
SomePieces pieces_up_to(std::vector<run::Piece>& pieces, uint64_t bytes);
SomePieces all_pieces(std::vector<run::Piece>& pieces);
uint64_t bytes_of(const std::vector<run::Piece>& pieces);
// In how many files they lie.
size_t files_of(const std::vector<run::Piece>& pieces);

// Copies each into new pages, in this order, and has it say so; the caller counts the copy. What is on a disk is waited for aside. Errors:
// overloaded, io_error; then nothing has changed.
boost::asio::awaitable<Result<>> gather(Worker& worker, std::vector<run::Piece*> pieces);

}  // namespace inlay::serve
