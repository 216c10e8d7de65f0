// Copies aside.
#include "serve/gather.hpp"

#include <algorithm>
#include <memory>

#include "base/limits.hpp"
#include "os/file.hpp"
#include "os/memfd.hpp"
#include "serve/worker.hpp"

namespace inlay::serve {
namespace asio = boost::asio;
namespace {

template <class Wanted>
SomePieces some_of(std::vector<run::Piece>& pieces, Wanted wanted) {
    SomePieces some;
    for (auto& piece : pieces) {
        if (!wanted(piece)) continue;
        some.pieces.push_back(&piece);
        some.bytes += piece.size();
    }
    return some;
}

Result<> copy_piece(int to, uint64_t at, const run::Piece& piece, std::string& buffer) {
    if (!piece.pages) return os::write_all_at(to, piece.text(), at);  // COPY: heap, small pieces that are to lie in pages
    for (uint64_t done = 0; done < piece.length;) {
        const uint64_t length = std::min<uint64_t>(piece.length - done, 1 * MiB);
        buffer.resize(length);
        INLAY_TRY_VOID(os::read_exactly_at(piece.pages->fd(), buffer.data(), length, piece.offset + done));
        INLAY_TRY_VOID(os::write_all_at(to, buffer, at + done));  // COPY: heap, pieces that are to be one
        done += length;
    }
    return {};
}

}  // namespace

SomePieces small_pieces(std::vector<run::Piece>& pieces) {
    return some_of(pieces, [](const run::Piece& piece) { return !piece.pages; });
}

SomePieces pieces_up_to(std::vector<run::Piece>& pieces, uint64_t bytes) {
    return some_of(pieces, [bytes](const run::Piece& piece) { return piece.size() <= bytes; });
}

SomePieces all_pieces(std::vector<run::Piece>& pieces) {
    return some_of(pieces, [](const run::Piece&) { return true; });
}

uint64_t bytes_of(const std::vector<run::Piece>& pieces) {
    uint64_t bytes = 0;
    for (const auto& piece : pieces) bytes += piece.size();
    return bytes;
}

size_t files_of(const std::vector<run::Piece>& pieces) {
    std::vector<const os::Pages*> files;
    for (const auto& piece : pieces)
        if (piece.pages) files.push_back(piece.pages.get());
    std::sort(files.begin(), files.end());
    return static_cast<size_t>(std::unique(files.begin(), files.end()) - files.begin());
}

asio::awaitable<Result<>> gather(Worker& worker, std::vector<run::Piece*> pieces) {
    uint64_t bytes = 0;
    for (const auto* piece : pieces) bytes += piece->size();
    if (bytes == 0) co_return Result<>();
    auto pages = worker.supply().create_output(bytes);
    if (!pages.ok()) co_return std::move(pages).error();
    auto copied = co_await worker.disk().run([&pieces, to = (*pages)->fd()]() -> Result<> {
        std::string buffer;
        uint64_t at = 0;
        for (const auto* piece : pieces) {
            INLAY_TRY_VOID(copy_piece(to, at, *piece, buffer));
            at += piece->size();
        }
        return os::seal(to);
    });
    if (!copied.ok()) co_return copied;
    uint64_t at = 0;
    for (auto* piece : pieces) {
        const uint64_t length = piece->size();
        if (length > 0) *piece = run::Piece{.pages = *pages, .offset = at, .length = length};
        at += length;
    }
    co_return Result<>();
}

}  // namespace inlay::serve
