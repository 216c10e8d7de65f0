// judge -> publish -> cost -> content.
#include "app/cli_run_result.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "app/cli_answer.hpp"
#include "app/cli_encoding.hpp"
#include "app/cli_failure.hpp"
#include "app/cli_quantity.hpp"
#include "app/cli_run_inputs.hpp"
#include "base/field_rules.hpp"
#include "base/limits.hpp"
#include "os/file.hpp"
#include "os/watch.hpp"

namespace inlay::cli {
namespace {

using nlohmann::ordered_json;

constexpr unsigned kStatusFailedMin = 400;

Cost cost_of(const run::Cost& cost) {
    return {cost.mapped_bytes, cost.copied.total(), cost.private_bytes, cost.instantiate_us, cost.run_us};
}

std::string hint_of(const std::optional<ObjectName>& absent) {
    if (!absent) return "";
    return fmt::format("It asked for the object {0}, which it was not given: add --object {0}=FILE", absent->path());
}

// The fields that the function has set, each as its line says it.
std::vector<std::pair<std::string, std::string>> fields_of(const run::Response& response) {
    std::vector<std::pair<std::string, std::string>> fields;
    for (std::string_view rest = response.fields; !rest.empty();) {
        auto line = rest.substr(0, rest.find("\r\n"));
        size_t colon = line.find(':');
        if (colon != line.npos) fields.emplace_back(line.substr(0, colon), trim_blanks(line.substr(colon + 1)));
        rest.remove_prefix(std::min(rest.size(), line.size() + 2));
    }
    return fields;
}

os::FileRange range_of(const run::Piece& piece) { return {piece.pages->fd(), piece.offset, piece.length}; }

Result<> pass_on(int to, const run::Response& response) {
    for (const auto& piece : response.content) {
        INLAY_TRY_VOID(piece.pages ? os::pass_on(to, range_of(piece)) : os::write_all(to, piece.bytes));
    }
    return {};
}

// The content in our own memory, where it is to become text.
std::string content_of(const run::Response& response, size_t bytes_max) {
    if (response.content_bytes() > bytes_max)
        throw client_failure("answer-too-large", {"The answer is too large to be held in memory",
                                                  fmt::format("more than {}", format_size(bytes_max)), "Write it with -o FILE"});
    std::string content;
    content.reserve(response.content_bytes());
    for (const auto& piece : response.content) {
        content += piece.bytes;
        if (!piece.pages) continue;
        size_t at = content.size();
        content.resize(at + piece.length);
        // COPY: becomes a part of a document or a message.
        need(os::read_exactly_at(piece.pages->fd(), content.data() + at, piece.length, piece.offset));
    }
    return content;
}

}  // namespace

std::string content_type_of(const run::Response& response) {
    for (const auto& [name, value] : fields_of(response))
        if (equal_ignoring_case(name, "content-type")) return value;
    return response.content.empty() ? "" : "application/octet-stream";
}

RunResult::RunResult(ResultOptions options) : options_(std::move(options)) {
    if (!options_.output_file.empty() && options_.output_file != "-") file_.emplace(options_.output_file);
}

int RunResult::tell(run::Outcome& outcome, const std::function<Result<>()>& unchanged, const std::optional<ObjectName>& absent) {
    for (const auto& line : outcome.log.lines) show_log_line(line.level, line.text);
    std::optional<Error> error;
    auto* completed = std::get_if<run::Completed>(&outcome.how);
    if (!completed) error = run::failure_of(options_.function, outcome);
    if (completed) {
        auto published = publish(*completed, outcome.cost, unchanged);
        if (!published.ok()) error = std::move(published).error();
    } else if (auto same = unchanged(); !same.ok() && error->code != Errc::object_changed) {
        error = std::move(same).error();
    }
    Cost cost = cost_of(outcome.cost);
    if (options_.cost) fmt::print(stderr, "{}\n", format_cost(cost));
    if (error) {
        const auto* failed = std::get_if<run::Failed>(&outcome.how);
        if (failed && !file_ && options_.output == Output::text) write_content(failed->said);
        auto failure = problem_failure(*error);
        failure.next_step = hint_of(absent);
        throw failure;
    }
    if (options_.output == Output::text) tell_published(*completed);
    if (completed->response.status >= kStatusFailedMin) {
        auto failure = client_failure("function-answered", {fmt::format("The function answered {}", completed->response.status),
                                                            "function " + options_.function, hint_of(absent)});
        failure.status = completed->response.status;
        return fail(std::move(failure), *completed, cost);
    }
    if (file_ || options_.output == Output::text) write_content(completed->response);
    if (options_.output == Output::json) {
        auto document = document_of(*completed, cost);
        if (file_)
            document["file"] = options_.output_file;
        else
            add_content(document, content_of(completed->response, kDocumentContentBytesMax));
        print_json(document);
    }
    return kExitDone;
}

Result<> RunResult::publish(run::Completed& completed, run::Cost& cost, const std::function<Result<>()>& unchanged) const {
    Publication publication(options_.publish_directory, options_.buckets);
    constexpr int kEnding[] = {SIGINT, SIGTERM, SIGHUP};
    INLAY_TRY(auto signals, os::hold_signals(kEnding));  // Nothing half-done stays behind.
    auto write_all = [&]() -> Result<> {
        for (const auto& staged : completed.effects) {
            if (!publication.stores(staged.effect.name)) continue;
            INLAY_TRY(uint64_t copied, publication.add(staged.effect, staged.like.get()));
            cost.copied.fallback += copied;
            if (auto signal = os::take_signal(signals.get())) throw Interrupted{*signal};
        }
        return {};
    };
    auto written = write_all();
    INLAY_TRY_VOID(unchanged());  // Also when writing failed: that may be why.
    INLAY_TRY_VOID(std::move(written));
    return publication.finish();
}

void RunResult::tell_published(const run::Completed& completed) const {
    Publication publication(options_.publish_directory, options_.buckets);
    for (const auto& [effect, pages, like] : completed.effects)
        if (!publication.stores(effect.name)) fmt::print(stderr, "would publish {}, {} bytes; --publish DIR stores it\n", printable(effect.name.path()), effect.length);
}

void RunResult::write_content(const run::Response& response) {
    // Nothing is left to clean up: a closed pipe ends this process as it ends any program.
    if (!file_) std::signal(SIGPIPE, SIG_DFL);
    if (file_) file_->begin(response.content_bytes());
    need(pass_on(file_ ? file_->descriptor() : STDOUT_FILENO, response));
    if (file_) file_->finish();
}

ordered_json RunResult::document_of(const run::Completed& completed, const Cost& cost) const {
    auto document = answer_document(completed.response.status, cost, content_type_of(completed.response));
    Publication publication(options_.publish_directory, options_.buckets);
    auto published = ordered_json::array();
    for (const auto& [effect, pages, like] : completed.effects) {
        ordered_json file;
        if (publication.stores(effect.name)) file = publication.file_of(effect.name).string();
        published.push_back({{"object", effect.name.path()}, {"bytes", effect.length}, {"content_type", effect.content_type}, {"file", file}});
    }
    document["published"] = std::move(published);
    auto fields = ordered_json::array();
    for (const auto& [name, value] : fields_of(completed.response)) fields.push_back({{"name", name}, {"value", value}});
    document["fields"] = std::move(fields);
    return document;
}

int RunResult::fail(Failure failure, const run::Completed& completed, const Cost& cost) const {
    auto content = content_of(completed.response, kFailedContentBytesMax);
    return tell_failed_answer(failure, document_of(completed, cost), content, options_.output == Output::json);
}

}  // namespace inlay::cli
