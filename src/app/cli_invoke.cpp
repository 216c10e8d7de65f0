// Invokes a function.
#include "app/cli_invoke.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <exception>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/cli_answer.hpp"
#include "app/cli_cost.hpp"
#include "app/cli_encoding.hpp"
#include "app/cli_failure.hpp"
#include "app/cli_progress.hpp"
#include "app/cli_trace.hpp"
#include "base/limits.hpp"
#include "base/names.hpp"

namespace inlay::cli {
namespace {

using nlohmann::ordered_json;

constexpr std::string_view kProblemType = "application/problem+json";

bool is_problem(const ResponseHead& head) { return head.find("Content-Type").substr(0, kProblemType.size()) == kProblemType; }

ordered_json document_of(const ResponseHead& head) {
    return answer_document(head.status, parse_cost(head.find("Inlay-Cost")), head.find("Content-Type"));
}

}  // namespace

QueryPairs query_pairs(const std::vector<std::string>& query) {
    QueryPairs pairs;
    for (const auto& pair : query) {
        size_t equals = pair.find('=');
        if (equals == pair.npos) throw wrong_use(fmt::format("--query {}: the = is missing", pair), "Write it as NAME=VALUE");
        pairs.emplace_back(pair.substr(0, equals), pair.substr(equals + 1));
    }
    return pairs;
}

std::string invoke_target(const std::string& function, const std::vector<std::string>& query) {
    size_t slash = function.find('/');
    auto checked = check_name("function", function.substr(0, slash));
    if (!checked.ok()) throw wrong_use(checked.error().detail, "Write it as NAME or NAME/REST");
    return "/f/" + percent_encode(function) + query_string(query_pairs(query));
}

InvokeCommand::InvokeCommand(CommandLine& line) {
    auto& invoking = line.add("invoke", "Invoke a function", [this](const Client& client) { return run(client); });
    invoking.add_option("NAME", function_, "The function, or NAME/REST with more of the path")->required();
    invoking.add_option("-q,--query", query_, "NAME=VALUE of the query; may be repeated")->allow_extra_args(false);
    auto* text = invoking.add_option("--body", body_, "The request body as text");
    invoking.add_option("--body-file", body_file_, "The request body from a file, - for standard input")->excludes(text);
    invoking.add_option("--content-type", content_type_, "The body's media type, as text/plain");
    invoking.add_option("--method", method_, "The request method; else POST with a body, GET without");
    invoking.add_option("-o,--output", output_, "The file to write the answer to instead of standard output");
    invoking.add_flag("--trace", trace_, "Show on standard error which functions it called, where, and what each cost");
    invoking.add_flag("--cost", cost_, "Say on standard error what the invocation cost; --json always does");
}

Request InvokeCommand::make_request(const Client& client, ContentSource* body) const {
    if (!method_.empty() && !is_token(method_)) throw wrong_use("--method " + method_ + ": this is not a method", "Write it as PUT");
    if (!is_field_value(content_type_)) throw wrong_use("--content-type: control bytes are not allowed", "Write it as text/plain");
    Request request{method_, invoke_target(function_, query_), {}, body};
    if (method_.empty()) request.method = body ? "POST" : "GET";
    if (!content_type_.empty()) request.fields.emplace_back("Content-Type", content_type_);
    if (cost_ || client.json()) request.fields.emplace_back("Inlay-Cost", "?1");
    if (!trace_id_.empty()) request.fields.emplace_back("traceparent", traceparent_of(trace_id_));
    return request;
}

int InvokeCommand::run(const Client& client) {
    if (trace_) trace_id_ = new_trace_id();
    std::unique_ptr<ContentSource> body;
    if (body_) body = std::make_unique<TextSource>(*body_);
    if (!body_file_.empty()) body = std::make_unique<FileSource>(body_file_);
    std::optional<ShownSource> shown;
    if (body) shown.emplace(*body, "invoke " + function_);
    auto request = make_request(client, shown ? &*shown : nullptr);
    if (trace_id_.empty()) return print(client, std::move(request));
    // Also of one that failed: then most.
    int code = kExitFailed;
    std::exception_ptr failed;
    try {
        code = print(client, std::move(request));
    } catch (const Failure&) {
        failed = std::current_exception();
    }
    show_new_trace(client, trace_id_);
    if (failed) std::rethrow_exception(failed);
    return code;
}

int InvokeCommand::print(const Client& client, Request request) const {
    return client.json() ? print_document(client, std::move(request)) : print_content(client, std::move(request));
}

int InvokeCommand::print_content(const Client& client, Request request) const {
    StreamSink out(stdout);
    std::optional<FileSink> file;
    if (!output_.empty() && output_ != "-") file.emplace(output_);
    TextSink failed(kFailedContentBytesMax);
    auto head = client.send_any(std::move(request), [&](const ResponseHead& answered) -> ContentSink& {
        if (!answered.successful()) return failed;
        if (file) return *file;
        return out;
    });
    if (head.successful() && file) file->finish();
    out.finish();
    if (cost_) show_cost(head);
    return head.successful() ? kExitDone : fail(client, head, failed.text());
}

// With -o the content goes to the file, and the document says which.
int InvokeCommand::print_document(const Client& client, Request request) const {
    TextSink content(kDocumentContentBytesMax);
    std::optional<FileSink> file;
    if (!output_.empty() && output_ != "-") file.emplace(output_);
    auto head = client.send_any(std::move(request), [&](const ResponseHead& answered) -> ContentSink& {
        if (answered.successful() && file) return *file;
        return content;
    });
    if (!head.successful()) return fail(client, head, content.text());
    auto document = document_of(head);
    if (file) {
        file->finish();
        document["file"] = output_;
    } else {
        add_content(document, content.text());
    }
    print_json(document);
    return kExitDone;
}

int InvokeCommand::fail(const Client& client, const ResponseHead& head, const std::string& content) const {
    if (is_problem(head)) throw answered_failure(head.status, head.reason, content);
    auto failure = client_failure("function-answered",
                                  {fmt::format("The function answered {} {}", head.status, head.reason), "function " + function_, ""});
    failure.status = head.status;
    return tell_failed_answer(failure, document_of(head), content, client.json());
}

void InvokeCommand::show_cost(const ResponseHead& head) const {
    auto cost = parse_cost(head.find("Inlay-Cost"));
    auto line = cost ? format_cost(*cost) : std::string("cost: not stated by the server");
    std::fprintf(stderr, "%s\n", line.c_str());
}

}  // namespace inlay::cli
