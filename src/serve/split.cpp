// Finds the ends of lines near to where pieces would end.
#include "serve/split.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/limits.hpp"
#include "os/file.hpp"
#include "serve/worker.hpp"

namespace inlay::serve {
namespace asio = boost::asio;
using registry::Each;
namespace {

constexpr uint64_t kFirstReadBytes = 4 * KiB;  // Most lines are shorter.
constexpr size_t kCutsAtOnce = 64;             // Then it is everybody else's turn.

// What lies there: of pages a copy in `buffer`.
asio::awaitable<Result<std::string_view>> read_some(Worker& worker, const run::Piece& whole, uint64_t at, uint64_t length, std::string& buffer) {
    if (!whole.pages) co_return whole.text().substr(at, length);
    const uint64_t offset = whole.offset + at;
    if (!worker.disk().in_memory(whole.pages, offset, length)) co_await worker.disk().bring_in(whole.pages, offset, length);
    buffer.resize(length);
    auto got = os::read_exactly_at(whole.pages->fd(), buffer.data(), length, offset);  // COPY: small, counted by who splits
    if (!got.ok()) co_return std::move(got).error();
    co_return std::string_view(buffer);
}

// Behind the first line feed at `from` or later; nullopt: there is none.
asio::awaitable<Result<std::optional<uint64_t>>> end_of_line(Worker& worker, const run::Piece& whole, uint64_t from) {
    std::string buffer;
    uint64_t length = kFirstReadBytes;
    for (uint64_t at = from; at < whole.size(); at += length, length = kSplitReadBytes) {
        if (at - from >= kSplitSearchBytesMax)
            co_return Error{Errc::bad_request, fmt::format("a line at byte {} is longer than kSplitSearchBytesMax ({}): split it by bytes", from, kSplitSearchBytesMax)};
        length = std::min(length, whole.size() - at);
        auto bytes = co_await read_some(worker, whole, at, length, buffer);
        if (!bytes.ok()) co_return std::move(bytes).error();
        const size_t found = bytes->find('\n');
        if (found != bytes->npos) co_return std::optional<uint64_t>(at + found + 1);
    }
    co_return std::optional<uint64_t>();
}

run::Piece part_of(const run::Piece& whole, uint64_t from, uint64_t to) {
    run::Piece part;
    if (whole.pages) {
        part.pages = whole.pages;
        part.offset = whole.offset + from;
        part.length = to - from;
    } else {
        part.bytes = whole.text().substr(from, to - from);  // COPY: small, content that lies in no pages
    }
    return part;
}

}  // namespace

Result<std::vector<uint64_t>> split_targets(uint64_t size, const Each& each) {
    const uint64_t unit = each.by == Each::By::records ? each.record_bytes : 1;
    if (size % unit != 0)
        return Error{Errc::bad_request, fmt::format("{} bytes are no whole records of {}", size, unit)};
    const uint64_t units = size / unit, each_units = std::max<uint64_t>(1, each.piece_bytes / unit);
    const uint64_t pieces = each.pieces > 0 ? std::min(each.pieces, units) : units / each_units + (units % each_units != 0);
    if (pieces > kStepItemsMax)
        return Error{Errc::bad_request, fmt::format("{} pieces are more than kStepItemsMax ({}): make them larger", pieces, kStepItemsMax)};
    std::vector<uint64_t> targets;
    // Cannot overflow: kStepItemsMax * kStreamBytesMax is less than 2^54; larger content has larger pieces.
    for (uint64_t i = 1; i <= pieces; i++)
        targets.push_back((each.pieces > 0 ? units / pieces * i + units % pieces * i / pieces : std::min(units, i * each_units)) * unit);
    return targets;
}

asio::awaitable<Result<std::vector<run::Piece>>> split(Worker& worker, const run::Piece& whole, const Each& each) {
    auto targets = split_targets(whole.size(), each);
    if (!targets.ok()) co_return std::move(targets).error();
    std::vector<run::Piece> pieces;
    uint64_t from = 0;
    size_t cuts = 0;
    for (uint64_t target : *targets) {
        if (target <= from) continue;  // A long line has taken it already.
        uint64_t to = target;
        if (each.by == Each::By::lines && target < whole.size()) {
            auto end = co_await end_of_line(worker, whole, target - 1);
            if (!end.ok()) co_return std::move(end).error();
            to = end->value_or(whole.size());
            if (++cuts % kCutsAtOnce == 0) co_await asio::post(worker.executor(), asio::use_awaitable);
        }
        pieces.push_back(part_of(whole, from, to));
        from = to;
    }
    co_return pieces;
}

}  // namespace inlay::serve
