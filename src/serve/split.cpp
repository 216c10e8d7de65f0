// Finds the ends of lines near to where pieces would end.
#include "serve/split.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/clock.hpp"
#include "base/limits.hpp"
#include "os/file.hpp"
#include "serve/worker.hpp"

namespace inlay::serve {
namespace asio = boost::asio;
using registry::Each;
namespace {

constexpr uint64_t kFirstReadBytes = 4 * KiB;  // Most lines are shorter.
constexpr uint64_t kTurnBytes = 1 * MiB;       // Then it is everybody else's turn.

// Looks for ends of lines, and counts what it has to read for that.
class LineEnds {
  public:
    LineEnds(Worker& worker, const run::Piece& whole) : worker_(worker), whole_(whole) {}

    uint64_t copied() const { return copied_; }

    // Behind the first line feed at `from` or later; nullopt: there is none.
    asio::awaitable<Result<std::optional<uint64_t>>> find(uint64_t from) {
        uint64_t length = kFirstReadBytes;
        for (uint64_t at = from; at < whole_.size(); at += length, length = kSplitReadBytes) {
            if (at - from >= kSplitSearchBytesMax)
                co_return Error{Errc::bad_request, fmt::format("a line at byte {} is longer than kSplitSearchBytesMax ({}): split it by bytes", from, kSplitSearchBytesMax)};
            length = std::min(length, whole_.size() - at);
            auto bytes = co_await read(at, length);
            if (!bytes.ok()) co_return std::move(bytes).error();
            const size_t found = bytes->find('\n');
            if (found != bytes->npos) co_return std::optional<uint64_t>(at + found + 1);
        }
        co_return std::optional<uint64_t>();
    }

  private:
    // What lies there: of pages a copy.
    asio::awaitable<Result<std::string_view>> read(uint64_t at, uint64_t length) {
        if (!whole_.pages) co_return whole_.text().substr(at, length);
        const uint64_t offset = whole_.offset + at;
        if (!worker_.disk().in_memory(whole_.pages, offset, length)) co_await worker_.disk().bring_in(whole_.pages, offset, length);
        since_turn_ += length;
        if (since_turn_ >= kTurnBytes) {
            since_turn_ = 0;
            co_await asio::post(worker_.executor(), asio::use_awaitable);
        }
        buffer_.resize(length);
        auto got = os::read_exactly_at(whole_.pages->fd(), buffer_.data(), length, offset);  // COPY: small, to find where lines end
        if (!got.ok()) co_return std::move(got).error();
        copied_ += length;
        co_return std::string_view(buffer_);
    }

    Worker& worker_;
    const run::Piece& whole_;
    std::string buffer_;
    uint64_t copied_ = 0;
    uint64_t since_turn_ = 0;
};

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
        return Error{Errc::bad_request, fmt::format("{} bytes are no whole records of {}: give their record_bytes, or split by bytes", size, unit)};
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

asio::awaitable<Result<SplitContent>> split(Worker& worker, const run::Piece& whole, const Each& each, uint64_t deadline_ns) {
    auto targets = split_targets(whole.size(), each);
    if (!targets.ok()) co_return std::move(targets).error();
    SplitContent content;
    LineEnds lines(worker, whole);
    uint64_t from = 0;
    for (uint64_t target : *targets) {
        if (target <= from) continue;  // A long line has taken it already.
        uint64_t to = target;
        if (each.by == Each::By::lines && target < whole.size()) {
            if (monotonic_ns() >= deadline_ns) co_return Error{Errc::function_timed_out, "time was up while content was split: deploy the pipeline with a longer --timeout"};
            auto end = co_await lines.find(target - 1);
            if (!end.ok()) co_return std::move(end).error();
            to = end->value_or(whole.size());
        }
        content.pieces.push_back(part_of(whole, from, to));
        from = to;
    }
    if (run::any_lost({&whole, 1})) co_return registry::changed_error();
    content.copied_bytes = lines.copied() + (whole.pages ? 0 : whole.size());
    co_return content;
}

}  // namespace inlay::serve
