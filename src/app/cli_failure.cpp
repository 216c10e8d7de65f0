// Builds failures and prints them in their two forms.
#include "app/cli_failure.hpp"

#include <fmt/format.h>

#include <cctype>
#include <nlohmann/json.hpp>

#include "app/cli_encoding.hpp"

namespace inlay::cli {
namespace {

constexpr size_t kQuotedBytesMax = 300;  // Of a body that is no problem document.

// "The object ..." becomes "the object ...": the title stands in the middle of a line. Abbreviations stay.
std::string without_capital(std::string text) {
    bool one_capital = text.size() > 1 && std::isupper(static_cast<unsigned char>(text[0])) &&
                       !std::isupper(static_cast<unsigned char>(text[1]));
    if (one_capital) text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
    return text;
}

std::string text_member(const nlohmann::json& document, const char* name) {
    auto member = document.find(name);
    return member != document.end() && member->is_string() ? member->get<std::string>() : std::string();
}

}  // namespace

Failure client_failure(std::string_view name, FailureText text) {
    Failure failure;
    failure.type = fmt::format("urn:inlay:client:{}", name);
    failure.title = std::move(text.title);
    failure.detail = std::move(text.detail);
    failure.next_step = std::move(text.next_step);
    return failure;
}

Failure wrong_use(std::string detail, std::string next_step) {
    auto failure = client_failure("wrong-use", {"This cannot be done as written", std::move(detail), std::move(next_step)});
    failure.exit_code = kExitWrongUse;
    return failure;
}

Failure answered_failure(unsigned status, std::string_view reason, std::string_view body) {
    Failure failure;
    failure.status = status;
    auto document = nlohmann::json::parse(body, nullptr, false);
    if (document.is_object()) {
        failure.type = text_member(document, "type");
        failure.title = text_member(document, "title");
        failure.detail = text_member(document, "detail");
    }
    if (failure.type.empty()) failure.type = "about:blank";
    if (failure.title.empty()) {
        failure.title = fmt::format("The server answered {}{}{}", status, reason.empty() ? "" : " ", reason);
        if (failure.detail.empty()) failure.detail = std::string(body.substr(0, kQuotedBytesMax));
        while (!failure.detail.empty() && std::isspace(static_cast<unsigned char>(failure.detail.back())))
            failure.detail.pop_back();
    }
    return failure;
}

Failure problem_failure(const Error& error) {
    Failure failure;
    failure.type = fmt::format("urn:inlay:problem:{}", traits(error.code).name);
    failure.title = std::string(traits(error.code).title);
    failure.status = traits(error.code).http_status;
    failure.detail = error.detail;
    return failure;
}

std::string failure_line(const Failure& failure) {
    std::string line = "inlay: " + without_capital(failure.title);
    if (!failure.detail.empty()) line += " (" + failure.detail + ")";
    if (!failure.next_step.empty()) line += ". " + failure.next_step;
    return printable(line);
}

std::string failure_json(const Failure& failure) {
    auto status = failure.status == 0 ? nlohmann::ordered_json() : nlohmann::ordered_json(failure.status);
    auto detail = failure.detail;
    if (!failure.next_step.empty()) detail += (detail.empty() ? "" : ". ") + failure.next_step;
    nlohmann::ordered_json members{{"type", failure.type}, {"title", failure.title}, {"status", status}, {"detail", detail}};
    return nlohmann::ordered_json{{"error", members}}.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace inlay::cli
