// What the steps of a pipeline give back: kept as long as somebody may look at it, and what comes of all of it.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "base/limits.hpp"
#include "os/file.hpp"
#include "os/memfd.hpp"
#include "run/piece_files.hpp"
#include "serve/gather.hpp"
#include "serve/pipeline_run.hpp"
#include "serve/reply.hpp"
#include "serve/worker.hpp"

namespace inlay::serve {
namespace asio = boost::asio;
using registry::Each;
namespace {

bool is_inline(const run::StagedEffect& staged) { return staged.effect.kind == registry::ContentKind::inline_bytes; }

}  // namespace

Result<> PipelineRun::keep(run::Response& response) {
    const uint64_t small_bytes = small_pieces(response.content).bytes;
    kept_.small_bytes += small_bytes;
    worker_.pipeline_bytes() += small_bytes;
    kept_.ranges += response.content.size();
    kept_.files += run::use_of_files(response.content).size();
    if (kept_.small_bytes > kPipelineSmallBytesMax)
        return Error{Errc::bad_request, fmt::format("what its calls gave back in small pieces is more than kPipelineSmallBytesMax ({}): let them answer with output "
                                                    "windows", kPipelineSmallBytesMax)};
    if (worker_.pipeline_bytes() > kPipelinesSmallBytesMax)
        return Error{Errc::overloaded, fmt::format("what all pipelines here keep in small pieces is more than kPipelinesSmallBytesMax ({}): retry later", kPipelinesSmallBytesMax)};
    if (kept_.ranges > kPipelineRangesMax)
        return Error{Errc::bad_request, fmt::format("what its calls gave back is more ranges than kPipelineRangesMax ({}): let them answer with fewer", kPipelineRangesMax)};
    return {};
}

void PipelineRun::let_go(run::Response& response) {
    const uint64_t small_bytes = small_pieces(response.content).bytes;
    kept_.small_bytes -= small_bytes;
    worker_.pipeline_bytes() -= small_bytes;
    kept_.ranges -= response.content.size();
    response.content.clear();
}

// All pieces of results that are kept.
std::vector<run::Piece*> PipelineRun::kept_pieces() {
    std::vector<run::Piece*> pieces;
    for (auto& step : steps_)
        for (auto& call : step.calls)
            if (call.result)
                for (auto& piece : call.result->response.content) pieces.push_back(&piece);
    return pieces;
}

void PipelineRun::count_files() {
    std::set<const os::Pages*> files;
    for (const auto* piece : kept_pieces())
        if (piece->pages) files.insert(piece->pages.get());
    kept_.files = files.size();
}

// Small results lie in one file from here on, so that their own ones are free.
asio::awaitable<Result<>> PipelineRun::put_together() {
    auto small = kept_pieces();
    std::erase_if(small, [](const run::Piece* piece) { return !piece->pages || piece->pages->size() > kHeapRangeCopyMax; });
    auto copied = co_await gather(worker_, std::move(small), terms_.deadline_ns);
    if (!copied.ok()) co_return std::move(copied).error();
    cost_.copied.heap += *copied;
    count_files();
    if (kept_.files <= kPipelineFilesMax) co_return Result<>();
    co_return Error{Errc::bad_request, fmt::format("what its steps gave back lies in more than kPipelineFilesMax ({}) files: let them answer with less than {} bytes, or "
                                                   "publish", kPipelineFilesMax, kHeapRangeCopyMax)};
}

uint64_t PipelineRun::bytes_given(size_t step) const {
    uint64_t bytes = 0;
    for (const auto& call : steps_[step].calls) bytes += call.result->response.content_bytes();
    return bytes;
}

// What nobody will look at any more is let go.
void PipelineRun::note_ends() {
    for (size_t i = 0; i < steps_.size(); i++) {
        if (!steps_[i].has_ended() || std::exchange(steps_[i].was_noted, true)) continue;
        steps_[i].given.clear();
        for (size_t before : plan_.steps[i].after) {
            if (--steps_[before].takers > 0) continue;
            for (auto& call : steps_[before].calls) let_go(call.result->response);
            count_files();
        }
    }
}

// ---- What comes of all

asio::awaitable<Result<run::Completed>> PipelineRun::conclude() {
    run::Completed completed;
    auto& state = steps_[plan_.result];
    if (state.skipped) {
        completed.response.status = 204;
    } else if (plan_.steps[plan_.result].each.kind == Each::Kind::once) {
        completed.response = std::move(state.calls.front().result->response);
    } else {
        for (auto& call : state.calls)
            std::move(call.result->response.content.begin(), call.result->response.content.end(), std::back_inserter(completed.response.content));
    }
    for (size_t step : plan_.order)
        for (auto& call : steps_[step].calls)
            std::move(call.result->effects.begin(), call.result->effects.end(), std::back_inserter(completed.effects));
    if (plan_.store && !state.skipped) {
        if (auto stored = co_await store(completed); !stored.ok()) co_return std::move(stored).error();
    }
    if (auto moved = move_into_pages(completed.effects); !moved.ok()) co_return std::move(moved).error();
    co_return completed;
}

// What is small, but too much of it for one message, gets pages: one file for each object.
Result<> PipelineRun::move_into_pages(std::vector<run::StagedEffect>& effects) {
    uint64_t bytes = 0;
    for (const auto& staged : effects) bytes += is_inline(staged) ? staged.effect.inline_bytes.size() : 0;
    if (bytes <= kChildInlineMax) return {};
    for (auto& staged : effects) {
        auto& effect = staged.effect;
        if (!is_inline(staged) || effect.inline_bytes.empty()) continue;
        INLAY_TRY(staged.pages, worker_.supply().create_output(effect.inline_bytes.size()));
        INLAY_TRY_VOID(os::write_all_at(staged.pages->fd(), effect.inline_bytes, 0));  // COPY: heap, small objects that are too many for a message
        INLAY_TRY_VOID(os::seal(staged.pages->fd()));
        cost_.copied.heap += effect.inline_bytes.size();
        effect.inline_bytes.clear();
        effect.kind = registry::ContentKind::pages;
        effect.fd = staged.pages->fd();
    }
    return {};
}

// The response becomes an object, and is replaced by what is said of it.
asio::awaitable<Result<>> PipelineRun::store(run::Completed& completed) {
    auto name = content_.name_of(*plan_.store);
    if (!name.ok()) co_return std::move(name).error();
    auto content = std::move(completed.response.content);
    join_neighbours(content);
    const bool is_one = content.size() == 1 && content.front().pages && content.front().offset == 0;
    run::StagedEffect staged;
    staged.effect.name = std::move(name).value();
    staged.effect.content_type = plan_.content_type.empty() ? "application/octet-stream" : plan_.content_type;
    staged.effect.length = bytes_of(content);
    if (!is_one) {
        auto copied = co_await gather(worker_, all_pieces(content).pieces, terms_.deadline_ns);
        if (!copied.ok()) co_return std::move(copied).error();
        cost_.copied.heap += *copied;
    }
    auto in_pages = std::find_if(content.begin(), content.end(), [](const run::Piece& piece) { return piece.pages != nullptr; });
    if (in_pages != content.end()) {
        staged.effect.kind = registry::ContentKind::pages;
        staged.effect.fd = in_pages->pages->fd();
        staged.pages = in_pages->pages;
    }
    run::Response response;
    response.status = 201;
    response.has_content_type = true;
    response.fields = "Content-Type: application/json\r\n";
    auto& told = response.content.emplace_back();
    told.bytes = fmt::format(R"({{"bucket":"{}","key":"{}","bytes":{}}})", staged.effect.name.bucket, json_escape(staged.effect.name.key), staged.effect.length) + "\n";
    completed.response = std::move(response);
    completed.effects.push_back(std::move(staged));
    co_return Result<>();
}

}  // namespace inlay::serve
