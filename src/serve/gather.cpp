// Copies aside.
#include "serve/gather.hpp"

#include <algorithm>
#include <memory>
#include <set>
#include <string>

#include "base/clock.hpp"
#include "base/limits.hpp"
#include "os/file.hpp"
#include "os/memfd.hpp"
#include "run/piece_files.hpp"
#include "serve/worker.hpp"

namespace inlay::serve {
namespace asio = boost::asio;
namespace {

constexpr uint64_t kPartBytes = 32 * MiB;  // Then a thread is somebody else's.

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

// A place in a list of pieces that are copied one behind the other.
struct Progress {
    size_t piece = 0;
    uint64_t done = 0;  // Of that piece.
    uint64_t at = 0;    // In the new pages.
};

// Copies the next part; false: there is none.
Result<bool> copy_part(int to, const std::vector<run::Piece*>& pieces, Progress& progress) {
    std::string buffer;
    for (uint64_t copied = 0; copied < kPartBytes;) {
        if (progress.piece == pieces.size()) return false;
        const auto& piece = *pieces[progress.piece];
        const uint64_t length = std::min<uint64_t>(piece.size() - progress.done, 1 * MiB);
        std::string_view bytes = piece.pages ? std::string_view() : piece.text().substr(progress.done, length);
        if (piece.pages) {
            buffer.resize(length);
            INLAY_TRY_VOID(os::read_exactly_at(piece.pages->fd(), buffer.data(), length, piece.offset + progress.done));
            bytes = buffer;
        }
        INLAY_TRY_VOID(os::write_all_at(to, bytes, progress.at));  // COPY: heap, pieces that are to lie in one file
        copied += length;
        progress.at += length;
        progress.done += length;
        if (progress.done == piece.size()) progress = {progress.piece + 1, 0, progress.at};
    }
    return true;
}

bool any_lost(const std::vector<run::Piece*>& pieces) {
    return std::any_of(pieces.begin(), pieces.end(), [](const run::Piece* piece) { return piece->pages && piece->pages->lost(); });
}

}  // namespace

SomePieces small_pieces(std::vector<run::Piece>& pieces) {
    return some_of(pieces, [](const run::Piece& piece) { return !piece.pages; });
}

SomePieces pieces_beyond(std::vector<run::Piece>& pieces, size_t files) {
    const auto by_file = run::use_of_files(pieces);
    if (by_file.size() <= files) return {};
    std::vector<std::pair<const os::Pages*, uint64_t>> use(by_file.begin(), by_file.end());
    std::sort(use.begin(), use.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    std::set<const os::Pages*> wanted;
    for (size_t i = 0; i <= use.size() - files; i++) wanted.insert(use[i].first);  // One more: what they are put into is a file, too.
    return some_of(pieces, [&](const run::Piece& piece) { return !piece.pages || wanted.contains(piece.pages.get()); });
}

SomePieces all_pieces(std::vector<run::Piece>& pieces) {
    return some_of(pieces, [](const run::Piece&) { return true; });
}

void join_neighbours(std::vector<run::Piece>& pieces) {
    std::vector<run::Piece> joined;
    for (auto& piece : pieces) {
        if (piece.size() == 0) continue;
        const bool follows = !joined.empty() && piece.pages && piece.pages == joined.back().pages && piece.offset == joined.back().offset + joined.back().length;
        if (follows)
            joined.back().length += piece.length;
        else
            joined.push_back(std::move(piece));
    }
    pieces = std::move(joined);
}

uint64_t bytes_of(const std::vector<run::Piece>& pieces) {
    uint64_t bytes = 0;
    for (const auto& piece : pieces) bytes += piece.size();
    return bytes;
}

asio::awaitable<Result<uint64_t>> gather(Worker& worker, std::vector<run::Piece*> pieces, uint64_t deadline_ns) {
    uint64_t bytes = 0;
    for (const auto* piece : pieces) bytes += piece->size();
    if (bytes == 0) co_return bytes;
    auto pages = worker.supply().create_output(bytes);
    if (!pages.ok()) co_return std::move(pages).error();
    const int to = (*pages)->fd();
    Progress progress;
    for (bool going = true; going;) {
        if (monotonic_ns() >= deadline_ns) co_return Error{Errc::function_timed_out, "time was up while content was put together: deploy the pipeline with a longer --timeout"};
        auto copied = co_await worker.disk().run([&pieces, &progress, &going, to]() -> Result<> {
            INLAY_TRY(going, copy_part(to, pieces, progress));
            return going ? Result<>() : os::seal(to);
        });
        if (!copied.ok()) co_return std::move(copied).error();
    }
    if (any_lost(pieces)) co_return registry::changed_error();
    uint64_t at = 0;
    for (auto* piece : pieces) {
        const uint64_t length = piece->size();
        if (length > 0) *piece = run::Piece{.pages = *pages, .offset = at, .length = length};
        at += length;
    }
    co_return bytes;
}

}  // namespace inlay::serve
