// Words for endings.
#include "run/outcome.hpp"

#include <fmt/format.h>

namespace inlay::run {
namespace {

// What its lines in the log are found by.
std::string id_of(const Outcome& outcome) { return outcome.log.invocation.empty() ? "" : fmt::format(" (invocation {})", outcome.log.invocation); }

}  // namespace

StagedEffect staged_put(ObjectName name, std::string content_type, Piece content) {
    StagedEffect staged;
    staged.effect.name = std::move(name);
    staged.effect.content_type = content_type.empty() ? "application/octet-stream" : std::move(content_type);
    staged.effect.length = content.size();
    if (content.pages) {
        staged.effect.kind = registry::ContentKind::pages;
        staged.effect.fd = content.pages->fd();
        staged.pages = std::move(content.pages);
    } else {
        staged.effect.inline_bytes = std::move(content.bytes);
    }
    return staged;
}

Error failure_of(std::string_view function, const Outcome& outcome) {
    if (auto* refused = std::get_if<Refused>(&outcome.how)) return refused->error;
    if (auto* trapped = std::get_if<Trapped>(&outcome.how)) return Error{trapped->error.code, trapped->error.detail + id_of(outcome)};
    auto* failed = std::get_if<Failed>(&outcome.how);
    if (!failed) return Error{Errc::internal, fmt::format("function {:?} has no error to tell", function)};
    auto why = failed->limit_met.empty() ? std::string() : fmt::format("; it had met a limit: {}", failed->limit_met);
    return Error{Errc::function_failed, fmt::format("function {:?} returned {}; nothing it staged took effect{}{}", function, failed->code, why, id_of(outcome))};
}

}  // namespace inlay::run
