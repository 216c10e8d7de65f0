// Client: the API of one server as the commands use it, with one token and one way to print.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "app/cli_http.hpp"

namespace inlay::cli {

enum class Output { text, json };

class Client {
  public:
    Client(ServerAddress server, std::string token, Output output);

    // True: answers are for programs.
    bool json() const { return output_ == Output::json; }

    // One exchange with the token. The content of a successful response goes to `sink`; any other is thrown as Failure.
    ResponseHead send(Request request, ContentSink& sink) const;
    // The same for any status.
    ResponseHead send_any(Request request, const ChooseSink& choose_sink) const;
    // The same for an answer that is a JSON document, null where it is empty.
    nlohmann::ordered_json ask(Request request) const;

  private:
    ServerAddress server_;
    std::string token_;
    Output output_;
};

// Where things are, percent-encoded.
std::string function_target(std::string_view function);
std::string object_target(std::string_view bucket, std::string_view key);

// The member `name`, be it a text or a number, as text; "-" where it is absent or null.
std::string member_text(const nlohmann::ordered_json& document, const char* name);

// One line on standard output. JSON with bytes that are not UTF-8 gets U+FFFD in their place.
void print_line(std::string_view line);
void print_json(const nlohmann::ordered_json& document);

}  // namespace inlay::cli
