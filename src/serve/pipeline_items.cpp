// Fills placeholders, opens objects, lists keys.
#include "serve/pipeline_items.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "base/limits.hpp"
#include "base/query.hpp"
#include "os/file.hpp"
#include "serve/worker.hpp"

namespace inlay::serve {
namespace asio = boost::asio;
namespace {

constexpr uint64_t kListingBytesMax = 16 * MiB;

// One page of a bucket's listing, as the supervisor writes it. Gives where the next one begins; empty: it was the last.
Result<std::string> take_page(const std::string& text, std::vector<std::string>& keys) {
    auto page = nlohmann::json::parse(text, nullptr, false);
    if (page.is_discarded() || !page.contains("objects") || !page["objects"].is_array())
        return Error{Errc::internal, "the supervisor's listing is damaged"};
    for (const auto& object : page["objects"]) keys.push_back(object.value("key", std::string()));
    return page["next"].is_string() ? page["next"].get<std::string>() : std::string();
}

}  // namespace

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
        WireWriter fields;
        registry::write(fields, listing);
        auto answered = co_await worker_.call(registry::Call::describe, fields.take(), std::vector<int>());
        if (!answered.ok() && answered.error().code == Errc::bucket_not_found) co_return keys;
        if (!answered.ok()) co_return std::move(answered).error();
        auto text = answered->fds.empty() ? Result(std::string(WireReader(answered->fields).bytes()))
                                          : os::read_all(answered->fds.front().get(), kListingBytesMax);
        if (!text.ok()) co_return std::move(text).error();
        auto next = take_page(*text, keys);
        if (!next.ok()) co_return std::move(next).error();
        if (keys.size() > kStepItemsMax)
            co_return Error{Errc::bad_request, fmt::format("more keys than kStepItemsMax ({}) begin with {:?}: take a longer prefix", kStepItemsMax, listing.prefix)};
        listing.after = std::move(next).value();
    } while (!listing.after.empty());
    co_return keys;
}

}  // namespace inlay::serve
