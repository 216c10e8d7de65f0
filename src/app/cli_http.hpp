// One HTTP/1.1 request and its response, over a connection of its own.
//
// The only place of the client that knows Asio and Beast. An exchange streams in both directions, so its memory does not
// grow with the content. A server that answers in the middle of an upload (413, 503) is listened to at once: what is left
// of the body stays unsent.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/cli_address.hpp"
#include "app/cli_content.hpp"

namespace inlay::cli {

using Fields = std::vector<std::pair<std::string, std::string>>;

struct Request {
    std::string method;
    std::string target;              // Path and query, percent-encoded.
    Fields fields = {};              // Without Host, Content-Length, Transfer-Encoding, Connection.
    ContentSource* body = nullptr;   // Sent with Content-Length where its size is known, else chunked.
};

struct ResponseHead {
    unsigned status = 0;
    std::string reason;
    Fields fields;  // Once the content has come with those behind it (trailers).
    std::optional<uint64_t> content_length;

    bool successful() const { return status >= 200 && status < 300; }
    // The first field of that name, in any case; empty where there is none.
    std::string_view find(std::string_view name) const;
};

// Picks where the content goes once the head is known.
using ChooseSink = std::function<ContentSink&(const ResponseHead&)>;

// Sends `request` and gives the whole content of the response to the chosen sink, which is begun even for no content.
// Throws Failure when there is no whole answer, Interrupted when SIGINT or SIGTERM came while receiving.
ResponseHead exchange(const ServerAddress& server, const Request& request, const ChooseSink& choose_sink);

}  // namespace inlay::cli
