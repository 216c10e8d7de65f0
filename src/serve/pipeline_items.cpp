// Fills placeholders, opens objects, lists keys.
#include "serve/pipeline_items.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/clock.hpp"
#include "base/limits.hpp"
#include "base/query.hpp"
#include "serve/key_pages.hpp"
#include "serve/worker.hpp"

namespace inlay::serve {
namespace asio = boost::asio;
Result<std::string> PipelineContent::parameter(std::string_view name) const {
    INLAY_TRY(auto value, find_parameter(input_.head.query, name));
    return value.value_or("");
}

Result<std::string> PipelineContent::fill(const registry::Template& text, Form form) const {
    using Kind = registry::Template::Part::Kind;
    std::string filled;
    for (const auto& part : text.parts()) {
        if (part.kind == Kind::text) {
            filled += part.text;
            continue;
        }
        std::string value;
        if (part.kind == Kind::rest) {
            INLAY_TRY(value, percent_decode(input_.rest.substr(input_.rest.empty() ? 0 : 1), Plus::literal));
            if (value.empty()) return Error{Errc::bad_request, "this pipeline needs more of a path: /f/NAME/REST"};
        } else {
            INLAY_TRY(auto given, find_parameter(input_.head.query, part.text));
            if (!given) return Error{Errc::bad_request, fmt::format("this pipeline needs the parameter {:?}", part.text)};
            value = std::move(*given);
        }
        filled += form == Form::query ? percent_encode(value) : value;
    }
    return filled;
}

Result<ObjectName> PipelineContent::name_of(const registry::Template& text) const {
    INLAY_TRY(auto path, fill(text, Form::plain));
    return parse_object_name(path);
}

Result<run::Piece> PipelineContent::open(const ObjectName& name) const {
    INLAY_TRY(auto object, worker_.supply().get_object(name));
    run::Piece piece;
    if (object->record.size_bytes == 0) return piece;
    piece.length = object->record.size_bytes;
    piece.pages = registry::pages_of(std::move(object));
    return piece;
}

Result<run::Piece> PipelineContent::object(const registry::Template& text) {
    INLAY_TRY(auto name, name_of(text));
    auto known = opened_.find(name.path());
    if (known != opened_.end()) return known->second;
    INLAY_TRY(auto piece, open(name));
    return opened_.emplace(name.path(), std::move(piece)).first->second;
}

std::vector<run::Piece> PipelineContent::request() const {
    const auto& body = input_.body;
    std::vector<run::Piece> pieces;
    if (body.size == 0) return pieces;
    auto& piece = pieces.emplace_back();
    if (body.pages) {
        piece.pages = body.pages;
        piece.length = body.size;
    } else {
        piece.bytes = body.inline_bytes;  // COPY: small, a body below the map threshold
    }
    return pieces;
}

asio::awaitable<Result<std::vector<std::string>>> PipelineContent::keys(std::string_view bucket, const registry::Template& prefix, uint64_t deadline_ns) {
    registry::Listing listing;
    listing.kind = registry::ListingKind::objects;
    listing.name = bucket;
    listing.limit = kListKeysMax;
    auto filled = fill(prefix, Form::plain);
    if (!filled.ok()) co_return std::move(filled).error();
    listing.prefix = std::move(filled).value();
    std::vector<std::string> keys;
    do {
        if (monotonic_ns() >= deadline_ns) co_return Error{Errc::function_timed_out, "time was up while keys were listed: deploy the pipeline with a longer --timeout"};
        auto page = co_await list_keys(worker_, listing);
        if (!page.ok()) co_return std::move(page).error();
        std::move(page->keys.begin(), page->keys.end(), std::back_inserter(keys));
        if (keys.size() > kStepItemsMax)
            co_return Error{Errc::bad_request, fmt::format("more keys than kStepItemsMax ({}) begin with {:?}: take a longer prefix", kStepItemsMax, listing.prefix)};
        listing.after = std::move(page->next);
    } while (!listing.after.empty());
    co_return keys;
}

}  // namespace inlay::serve
