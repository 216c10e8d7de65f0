// The command invoke: one request to a function, its answer, its price.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/cli_command_line.hpp"
#include "app/cli_encoding.hpp"
#include "app/cli_http.hpp"

namespace inlay::cli {

class InvokeCommand {
  public:
    // Adds the command. Requires: this outlives `line`'s run.
    explicit InvokeCommand(CommandLine& line);
    InvokeCommand(const InvokeCommand&) = delete;
    InvokeCommand& operator=(const InvokeCommand&) = delete;

  private:
    int run(const Client& client);
    int print(const Client& client, Request request) const;
    int print_content(const Client& client, Request request) const;
    int print_document(const Client& client, Request request) const;
    Request make_request(const Client& client, ContentSource* body) const;
    // Exit code and message for an answer that is no success.
    int fail(const Client& client, const ResponseHead& head, const std::string& content) const;
    void show_cost(const ResponseHead& head) const;

    std::string function_;                   // NAME or NAME/REST.
    std::vector<std::string> query_;
    std::optional<std::string> body_;
    std::string body_file_;                  // Empty: none.
    std::string output_;                     // Empty: standard output.
    std::string method_;                     // Empty: POST with a body, else GET.
    std::string content_type_;
    bool cost_ = false;
    bool trace_ = false;
    std::string trace_id_;                   // Empty: it is not traced.
};

// NAME=VALUE texts apart. Throws Failure (wrong use) for one without "=".
QueryPairs query_pairs(const std::vector<std::string>& query);

// "/f/NAME[/REST]?k=v&...". Throws Failure (wrong use) for a bad name or a pair without "=".
std::string invoke_target(const std::string& function, const std::vector<std::string>& query);

}  // namespace inlay::cli
