// What the steps of a pipeline are given.
#include <fmt/format.h>

#include <iterator>
#include <utility>

#include "base/limits.hpp"
#include "serve/gather.hpp"
#include "serve/pipeline_run.hpp"
#include "serve/split.hpp"

namespace inlay::serve {
namespace asio = boost::asio;
using registry::Each;
using registry::PlanSource;
namespace {

void append(std::vector<run::Piece>& to, std::vector<run::Piece> more) {
    to.insert(to.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

}  // namespace

asio::awaitable<Result<std::vector<PipelineItem>>> PipelineRun::items_of(const registry::Step& step) {
    const auto& each = step.each;
    std::vector<PipelineItem> items;
    switch (each.kind) {
        case Each::Kind::once: items.emplace_back(); break;
        case Each::Kind::list:
            for (const auto& text : each.list) items.push_back({{run::Piece{.bytes = text, .pages = nullptr}}, {}});
            break;
        case Each::Kind::keys: {
            auto keys = co_await content_.keys(each.bucket, each.prefix);
            if (!keys.ok()) co_return std::move(keys).error();
            for (auto& key : *keys) items.push_back({{}, std::move(key)});
            break;
        }
        case Each::Kind::results:
            for (const auto& call : steps_[each.source.step].calls) items.push_back({call.result->response.content, {}});
            break;
        case Each::Kind::split: {
            auto whole = co_await whole_of(each.source);
            if (!whole.ok()) co_return std::move(whole).error();
            auto pieces = co_await split(worker_, *whole, each);
            if (!pieces.ok()) co_return std::move(pieces).error();
            for (auto& piece : *pieces) items.push_back({{std::move(piece)}, {}});
            break;
        }
    }
    co_return items;
}

// All of it as one piece.
asio::awaitable<Result<run::Piece>> PipelineRun::whole_of(const PlanSource& source) {
    auto pieces = content_of(source);
    if (!pieces.ok()) co_return std::move(pieces).error();
    if (pieces->empty()) co_return run::Piece{};
    if (pieces->size() > 1) {
        cost_.copied.heap += bytes_of(*pieces);
        if (auto gathered = co_await gather(worker_, all_pieces(*pieces).pieces); !gathered.ok()) co_return std::move(gathered).error();
    }
    run::Piece whole = std::move(pieces->front());
    if (whole.pages && pieces->size() > 1) whole.length = whole.pages->size();
    co_return whole;
}

// Of everything but an item.
Result<std::vector<run::Piece>> PipelineRun::content_of(const PlanSource& source) {
    switch (source.kind) {
        case PlanSource::Kind::request: return content_.request();
        case PlanSource::Kind::object: {
            INLAY_TRY(auto piece, content_.object(source.object));
            return std::vector<run::Piece>{std::move(piece)};
        }
        case PlanSource::Kind::step: return results_of(source.step);
        case PlanSource::Kind::each: break;
    }
    return std::vector<run::Piece>();
}

std::vector<run::Piece> PipelineRun::results_of(size_t step) const {
    std::vector<run::Piece> pieces;
    for (const auto& call : steps_[step].calls) append(pieces, call.result->response.content);
    return pieces;
}

asio::awaitable<Result<std::vector<run::Piece>>> PipelineRun::inputs_of(Place place) {
    const auto& step = plan_.steps[place.step];
    const auto& item = steps_[place.step].calls[place.call].item;
    std::vector<run::Piece> inputs;
    for (const auto& source : step.inputs) {
        if (source.kind != PlanSource::Kind::each) {
            auto content = content_of(source);
            if (!content.ok()) co_return std::move(content).error();
            append(inputs, std::move(content).value());
        } else if (item.key.empty()) {
            append(inputs, item.content);
        } else {
            auto object = content_.open({step.each.bucket, item.key});
            if (!object.ok()) co_return std::move(object).error();
            inputs.push_back(std::move(object).value());
        }
    }
    if (inputs.size() > kStepInputsMax)
        co_return Error{Errc::bad_request, fmt::format("its inputs are {} ranges, more than kStepInputsMax ({}): let a step between gather them", inputs.size(), kStepInputsMax)};
    if (auto fits = co_await make_fit(inputs); !fits.ok()) co_return std::move(fits).error();
    co_return inputs;
}

// For one message to a lane: what is small, or lies in too many files, is put together.
asio::awaitable<Result<>> PipelineRun::make_fit(std::vector<run::Piece>& pieces) {
    auto small = small_pieces(pieces);
    if (files_of(pieces) >= kMessageFdsMax)
        small = pieces_up_to(pieces, kHeapRangeCopyMax);
    else if (small.bytes <= kChildInlineMax)
        co_return Result<>();
    cost_.copied.heap += small.bytes;
    co_return co_await gather(worker_, std::move(small.pieces));
}

}  // namespace inlay::serve
