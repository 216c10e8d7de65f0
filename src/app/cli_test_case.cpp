// Builds arguments, reads documents, compares.
#include "app/cli_test_case.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "app/cli_answer.hpp"
#include "app/cli_encoding.hpp"
#include "base/field_rules.hpp"

namespace inlay::cli {
namespace {

using nlohmann::ordered_json;

constexpr auto kWrongUseType = "urn:inlay:client:wrong-use";
constexpr size_t kQuotedBytes = 60;  // Of content, around where it differs.

std::string excerpt(std::string_view text, size_t from = 0) {
    const bool cut_before = from > kQuotedBytes / 2;
    if (cut_before) text.remove_prefix(from - kQuotedBytes / 2);
    const bool cut_behind = text.size() > kQuotedBytes;
    return fmt::format("{}{:?}{}", cut_before ? "..." : "", printable(text.substr(0, kQuotedBytes)), cut_behind ? "..." : "");
}

std::string body_difference(std::string_view expected, std::string_view answered) {
    const auto [a, b] = std::mismatch(expected.begin(), expected.end(), answered.begin(), answered.end());
    const auto at = static_cast<size_t>(a - expected.begin());
    const auto line = 1 + std::count(expected.begin(), a, '\n');
    return fmt::format("body: expected {}, was {} ({} and {} bytes; they differ from byte {} on, in line {})", excerpt(expected, at), excerpt(answered, at),
                       expected.size(), answered.size(), at, line);
}

std::optional<std::string> find_field(const CaseAnswer& answer, std::string_view name) {
    std::optional<std::string> found;
    for (const auto& [field, value] : answer.fields) {
        if (!equal_ignoring_case(field, name)) continue;
        found = found ? *found + ", " + value : value;
    }
    return found;
}

// "NAME=PATH" with the path as we see it.
std::string in_project(const Project& project, const std::string& pair) {
    const size_t equals = pair.find('=');
    if (equals == pair.npos || pair.substr(equals + 1).starts_with('/')) return pair;
    return pair.substr(0, equals + 1) + project.path_of(pair.substr(equals + 1));
}

void read_document(const ordered_json& document, CaseAnswer& answer) {
    answer.status = document.value("status", uint64_t{0});
    const auto cost = document.value("cost", ordered_json::object());
    if (cost.is_object()) {
        answer.copied = cost.value("copied", uint64_t{0});
        answer.time_us = cost.value("instantiate_us", uint64_t{0}) + cost.value("run_us", uint64_t{0});
    }
    for (const auto& field : document.value("fields", ordered_json::array())) answer.fields.emplace_back(field.value("name", ""), field.value("value", ""));
}

}  // namespace

std::vector<std::string> run_arguments(const Project& project, const ProjectCase& one, const std::string& body_file, const std::string& output_file) {
    std::vector<std::string> arguments{"run", project.path_of(project.module), "--json", "--name", project.name, "-o", output_file};
    auto add = [&](const char* option, const std::string& value) {
        if (!value.empty()) arguments.insert(arguments.end(), {option, value});
    };
    add("--method", one.method);
    add("--path", one.path);
    for (const auto& [name, value] : one.query) add("--query", name + "=" + value);
    for (const auto& [name, value] : one.headers) add("--header", name + ": " + value);
    for (const auto& [name, file] : one.objects) add("--object", name + "=" + project.path_of(file));
    for (const auto& pair : one.directories) add("--dir", in_project(project, pair));
    for (const auto& pair : project.deploy.env) add("--env", pair);
    for (const auto& pair : project.deploy.limits) add("--limit", pair);
    if (!one.directories.empty()) add("--limit", fmt::format("publishes={}", FunctionLimits().publishes));  // As a server has it.
    add("--body-file", body_file);
    add("--memory", project.deploy.memory);
    add("--timeout", project.deploy.timeout);
    if (project.deploy.warm) arguments.emplace_back("--warm");
    if (!one.arguments.empty()) arguments.emplace_back("--");
    arguments.insert(arguments.end(), one.arguments.begin(), one.arguments.end());
    return arguments;
}

CaseAnswer answer_of_run(std::string_view output, std::string_view errors, std::string content) {
    CaseAnswer answer;
    ordered_json failed;
    for (std::string_view rest = errors; !rest.empty();) {
        auto line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        // The last line that is a document is the failure; all others are the function's log.
        auto document = rest.empty() ? ordered_json::parse(line, nullptr, false) : ordered_json();
        if (document.is_object() && document.contains("error"))
            failed = std::move(document);
        else
            answer.log.emplace_back(line);
    }
    if (auto document = ordered_json::parse(output, nullptr, false); document.is_object()) {
        read_document(document, answer);
        answer.body = std::move(content);
        return answer;
    }
    if (!failed.is_object()) {
        answer.failure = "it ended without a word";
        return answer;
    }
    const auto& error = failed.at("error");
    if (failed.contains("cost")) {  // The function has answered, with 400 or more.
        read_document(failed, answer);
        answer.body = content_in(failed);
        return answer;
    }
    if (error.contains("status") && error.at("status").is_number()) answer.status = error.at("status").get<uint64_t>();
    answer.is_wrong_use = error.value("type", "") == kWrongUseType;
    answer.failure = fmt::format("{}: {}", error.value("title", ""), error.value("detail", ""));
    answer.body = answer.failure;
    return answer;
}

std::vector<std::string> differences(const ProjectCase& one, const CaseAnswer& answer, const std::optional<std::string>& expected_body) {
    std::vector<std::string> found;
    if (answer.status != one.expect_status) {
        const auto& why = answer.failure.empty() ? fmt::format("its content is {}", excerpt(answer.body)) : answer.failure;
        found.push_back(fmt::format("status: expected {}, was {}: {}", one.expect_status, answer.status == 0 ? "none" : std::to_string(answer.status), why));
        if (!answer.failure.empty()) return found;  // Nothing else can be right.
    }
    const auto& expected = one.expect_body ? one.expect_body : expected_body;
    if (expected && *expected != answer.body) found.push_back(body_difference(*expected, answer.body));
    for (const auto& text : one.expect_contains)
        if (answer.body.find(text) == std::string::npos) found.push_back(fmt::format("body: {} is not in {}", excerpt(text), excerpt(answer.body)));
    for (const auto& [name, value] : one.expect_headers) {
        auto field = find_field(answer, name);
        if (!field || *field != value) found.push_back(fmt::format("header {}: expected {}, was {}", name, excerpt(value), field ? excerpt(*field) : "absent"));
    }
    if (one.copied_max && answer.copied > *one.copied_max)
        found.push_back(fmt::format("cost: {} bytes were copied, {} are allowed (copied_max)", answer.copied, *one.copied_max));
    if (one.time_ms_max && answer.time_us > *one.time_ms_max * 1000)
        found.push_back(fmt::format("cost: it took {}.{:03} ms, {} are allowed (time_ms_max)", answer.time_us / 1000, answer.time_us % 1000, *one.time_ms_max));
    return found;
}

}  // namespace inlay::cli
