// What the steps of a pipeline are given.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/limits.hpp"
#include "run/piece_files.hpp"
#include "serve/gather.hpp"
#include "serve/pipeline_run.hpp"
#include "serve/split.hpp"

namespace inlay::serve {
namespace asio = boost::asio;
using registry::Each;
using registry::PlanSource;

asio::awaitable<Result<std::vector<PipelineItem>>> PipelineRun::items_of(const registry::Step& step) {
    const auto& each = step.each;
    std::vector<PipelineItem> items;
    switch (each.kind) {
        case Each::Kind::once: items.emplace_back(); break;
        case Each::Kind::list:
            for (const auto& text : each.list) items.push_back({.content = {run::Piece{.bytes = text, .pages = nullptr}}});
            break;
        case Each::Kind::keys: {
            auto keys = co_await content_.keys(each.bucket, each.prefix, terms_.deadline_ns);
            if (!keys.ok()) co_return std::move(keys).error();
            for (auto& key : *keys) items.push_back({.key = std::move(key)});
            break;
        }
        case Each::Kind::results:
            for (size_t i = 0; i < steps_[each.source.step].calls.size(); i++) items.push_back({.of_call = i});
            break;
        case Each::Kind::split: {
            auto whole = co_await whole_of(each.source);
            if (!whole.ok()) co_return std::move(whole).error();
            auto content = co_await split(worker_, *whole, each, terms_.deadline_ns);
            if (!content.ok()) co_return std::move(content).error();
            cost_.copied.small += content->copied_bytes;
            for (auto& piece : content->pieces) items.push_back({.content = {std::move(piece)}});
            break;
        }
    }
    co_return items;
}

// All of it as one piece.
asio::awaitable<Result<run::Piece>> PipelineRun::whole_of(const PlanSource& source) {
    std::vector<run::Piece> pieces;
    if (auto added = add_content(source, pieces, SIZE_MAX); !added.ok()) co_return std::move(added).error();
    join_neighbours(pieces);
    if (pieces.empty()) co_return run::Piece{};
    if (pieces.size() == 1) co_return std::move(pieces.front());
    auto copied = co_await gather(worker_, all_pieces(pieces).pieces, terms_.deadline_ns);
    if (!copied.ok()) co_return std::move(copied).error();
    cost_.copied.heap += *copied;
    run::Piece whole = std::move(pieces.front());
    whole.length = *copied;
    co_return whole;
}

// COPY: small, of what another still needs: what lies in no pages, on its way into `more`
Result<> PipelineRun::add_pieces(std::vector<run::Piece> more, std::vector<run::Piece>& to, size_t most) {
    if (more.size() > most - to.size())
        return Error{Errc::bad_request, fmt::format("its inputs are more ranges than kStepInputsMax ({}): let a step between gather them", kStepInputsMax)};
    cost_.copied.small += small_pieces(more).bytes;
    to.insert(to.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
    return {};
}

// Of everything but an item.
Result<> PipelineRun::add_content(const PlanSource& source, std::vector<run::Piece>& to, size_t most) {
    switch (source.kind) {
        case PlanSource::Kind::request: return add_pieces(content_.request(), to, most);
        case PlanSource::Kind::object: {
            INLAY_TRY(auto piece, content_.object(source.object));
            return add_pieces({std::move(piece)}, to, most);
        }
        case PlanSource::Kind::step:
            for (const auto& call : steps_[source.step].calls) INLAY_TRY_VOID(add_pieces(call.result->response.content, to, most));
            return {};
        case PlanSource::Kind::each: break;
    }
    return {};
}

// What all calls of a step are given alike: put together once.
asio::awaitable<Result<>> PipelineRun::prepare_inputs(size_t number) {
    auto& state = steps_[number];
    if (state.calls.empty()) co_return Result<>();
    for (const auto& source : plan_.steps[number].inputs) {
        auto& given = state.given.emplace_back();
        if (auto added = add_content(source, given, kStepInputsMax); !added.ok()) co_return added;
        if (state.calls.size() < 2) continue;
        if (auto fits = co_await make_fit(given); !fits.ok()) co_return fits;
    }
    co_return Result<>();
}

Result<> PipelineRun::add_item(const registry::Step& step, const PipelineItem& item, std::vector<run::Piece>& to) {
    if (item.of_call) return add_pieces(steps_[step.each.source.step].calls[*item.of_call].result->response.content, to, kStepInputsMax);
    if (item.key.empty()) return add_pieces(item.content, to, kStepInputsMax);
    INLAY_TRY(auto object, content_.open({step.each.bucket, item.key}));
    return add_pieces({std::move(object)}, to, kStepInputsMax);
}

asio::awaitable<Result<std::vector<run::Piece>>> PipelineRun::inputs_of(Place place) {
    const auto& step = plan_.steps[place.step];
    const auto& state = steps_[place.step];
    std::vector<run::Piece> inputs;
    for (size_t i = 0; i < step.inputs.size(); i++) {
        const bool is_item = step.inputs[i].kind == PlanSource::Kind::each;
        auto added = is_item ? add_item(step, state.calls[place.call].item, inputs) : add_pieces(state.given[i], inputs, kStepInputsMax);
        if (!added.ok()) co_return std::move(added).error();
    }
    if (auto fits = co_await make_fit(inputs); !fits.ok()) co_return std::move(fits).error();
    if (run::any_lost(inputs)) co_return registry::changed_error();
    co_return inputs;
}

// For one message to a lane: what is small, or lies in too many files, is put together.
asio::awaitable<Result<>> PipelineRun::make_fit(std::vector<run::Piece>& pieces) {
    auto some = pieces_beyond(pieces, kMessageFdsMax - 1);
    if (some.pieces.empty()) some = small_pieces(pieces);
    if (run::use_of_files(pieces).size() < kMessageFdsMax && some.bytes <= kChildInlineMax) co_return Result<>();
    auto copied = co_await gather(worker_, std::move(some.pieces), terms_.deadline_ns);
    if (!copied.ok()) co_return std::move(copied).error();
    cost_.copied.heap += *copied;
    co_return Result<>();
}

}  // namespace inlay::serve
