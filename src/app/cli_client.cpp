// Sends the requests of the commands and prints their answers.
#include "app/cli_client.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "app/cli_encoding.hpp"
#include "app/cli_failure.hpp"
#include "base/limits.hpp"

namespace inlay::cli {
namespace {

constexpr size_t kAnswerBytesMax = 64 * MiB;   // Of a JSON document.
constexpr size_t kProblemBytesMax = 1 * MiB;

}  // namespace

Client::Client(ServerAddress server, std::string token, Output output)
    : server_(std::move(server)), token_(std::move(token)), output_(output) {}

ResponseHead Client::send_any(Request request, const ChooseSink& choose_sink) const {
    if (!token_.empty()) request.fields.emplace_back("Authorization", "Bearer " + token_);
    return exchange(server_, request, choose_sink);
}

ResponseHead Client::send(Request request, ContentSink& sink) const {
    TextSink problem(kProblemBytesMax);
    auto head = send_any(std::move(request), [&](const ResponseHead& answered) -> ContentSink& {
        if (answered.successful()) return sink;
        return problem;
    });
    if (!head.successful()) throw answered_failure(head.status, head.reason, problem.text());
    return head;
}

nlohmann::ordered_json Client::ask(Request request) const {
    TextSink answer(kAnswerBytesMax);
    send(std::move(request), answer);
    if (answer.text().empty()) return nullptr;
    return nlohmann::ordered_json::parse(answer.text());
}

std::string function_target(std::string_view function) { return "/v1/functions/" + percent_encode(function); }

std::string object_target(std::string_view bucket, std::string_view key) {
    return "/o/" + percent_encode(bucket) + "/" + percent_encode(key);
}

std::string member_text(const nlohmann::ordered_json& document, const char* name) {
    auto member = document.find(name);
    if (member == document.end() || member->is_null()) return "-";
    return member->is_string() ? member->get<std::string>() : member->dump();
}

void print_line(std::string_view line) {
    StreamSink out(stdout);
    out.write(line);
    out.write("\n");
    out.finish();
}

void print_json(const nlohmann::ordered_json& document) {
    print_line(document.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

}  // namespace inlay::cli
