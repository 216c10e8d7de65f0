// Reply: what is to be sent for one request, before it is bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "run/outcome.hpp"

namespace inlay::serve {

struct Reply {
    unsigned status = 200;
    std::string fields;               // Whole lines "Name: value\r\n".
    std::vector<run::Piece> content;
    // For HEAD and 304: what Content-Length says although no content follows.
    std::optional<uint64_t> content_length;
    bool close = false;               // The connection ends after this reply.

    void add_field(std::string_view name, std::string_view value);
};

Reply make_reply(unsigned status, std::string_view content_type, std::string content);
inline Reply json_reply(unsigned status, std::string json) { return make_reply(status, "application/json", std::move(json)); }

// RFC 9457: {"type":"urn:inlay:problem:NAME","title":...,"status":N,"detail":...}. Some statuses bring fields of their own:
// 401 WWW-Authenticate, 503 Retry-After where waiting helps.
Reply problem_reply(const Error& error);

// Puts a problem in its place where content of a linked file is lost already.
void refuse_lost_content(Reply& reply);

// The text as the inside of a JSON string; bytes that are no UTF-8 become U+FFFD.
std::string json_escape(std::string_view text);

}  // namespace inlay::serve
