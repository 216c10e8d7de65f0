// Makes replies.
#include "serve/reply.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/names.hpp"

namespace inlay::serve {

void Reply::add_field(std::string_view name, std::string_view value) {
    fields.append(name).append(": ").append(value).append("\r\n");
}

Reply make_reply(unsigned status, std::string_view content_type, std::string content) {
    Reply reply;
    reply.status = status;
    reply.add_field("Content-Type", content_type);
    run::Piece piece;
    piece.bytes = std::move(content);
    reply.content.push_back(std::move(piece));
    return reply;
}

Reply problem_reply(const Error& error) {
    const auto& row = traits(error.code);
    auto reply = make_reply(row.http_status, "application/problem+json",
                            fmt::format(R"({{"type":"urn:inlay:problem:{}","title":"{}","status":{},"detail":"{}"}})", row.name,
                                        row.title, row.http_status, json_escape(error.detail)));
    if (row.http_status == 401) reply.add_field("WWW-Authenticate", "Bearer realm=\"inlay\"");
    // Some wait for an operator.
    const bool waits = error.code == Errc::storage_failed || error.code == Errc::function_quarantined;
    if ((row.http_status == 503 || row.http_status == 429) && !waits) reply.add_field("Retry-After", "1");
    return reply;
}

void refuse_lost_content(Reply& reply) {
    auto lost = [](const run::Piece& piece) { return piece.pages && piece.pages->lost(); };
    if (std::any_of(reply.content.begin(), reply.content.end(), lost)) reply = problem_reply(registry::changed_error());
}

std::string json_escape(std::string_view text) {
    std::string escaped;
    if (!is_utf8(text)) {
        for (char c : text) escaped += static_cast<unsigned char>(c) < 0x80 ? json_escape({&c, 1}) : "\\ufffd";
        return escaped;
    }
    for (char c : text) {
        if (c == '"' || c == '\\')
            escaped += {'\\', c};
        else if (static_cast<unsigned char>(c) < 0x20)
            escaped += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        else
            escaped += c;
    }
    return escaped;
}

}  // namespace inlay::serve
