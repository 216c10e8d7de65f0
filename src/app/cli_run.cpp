// Opens inputs, compiles, runs; what comes of it is told by cli_run_result.
#include "app/cli_run.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <optional>

#include "app/cli_failure.hpp"
#include "app/cli_functions.hpp"
#include "app/cli_invoke.hpp"
#include "app/cli_run_module.hpp"
#include "app/cli_run_publish.hpp"
#include "app/cli_run_result.hpp"
#include "base/clock.hpp"
#include "base/field_rules.hpp"
#include "base/limits.hpp"
#include "os/deadline_timer.hpp"
#include "os/file.hpp"
#include "os/process.hpp"
#include "run/executor.hpp"

namespace inlay::cli {
namespace {

std::string last_words;  // What is left to say at the deadline.

void end_at_deadline() {
    (void)!::write(STDERR_FILENO, last_words.data(), last_words.size());
    ::_exit(kExitFailed);
}

// This process is all its own: the time that passes is the most that it can have used of the processor.
uint64_t time_ms_of(const FunctionLimits& limits) { return std::min(limits.timeout_ms, limits.cpu_ms); }

std::string too_late(const store::FunctionRecord& record, Output output) {
    const bool is_over_cpu = record.limits.cpu_ms < record.limits.timeout_ms;
    auto late = problem_failure({Errc::function_timed_out, fmt::format("function {:?} ran for {} ms without an answer: give it less to "
                                                                       "do, or a longer {}",
                                                                       record.name, time_ms_of(record.limits), is_over_cpu ? "--limit cpu_ms=N" : "--timeout")});
    return (output == Output::json ? failure_json(late) : failure_line(late)) + "\n";
}

// Runs it, or ends this process with its last words when it takes too long.
Result<run::Outcome> execute_in_time(const registry::Function& function, const run::Request& request, run::Supply& supply, CoarseClock clock) {
    run::Terms terms{.place = run::Place::lane, .clock = clock};
    os::fill_random(&terms.id, sizeof terms.id);
    os::fill_random(&terms.clock.seed, sizeof terms.clock.seed);
    terms.deadline_ns = monotonic_ns() + time_ms_of(function.record.limits) * 1'000'000;
    INLAY_TRY(auto timer, os::DeadlineTimer::create(os::DeadlineTimer::Kind::process, end_at_deadline));
    timer.begin(terms.deadline_ns);
    return run::execute(function, request, supply, terms);
}

// As a request line has it: percent-encoded, without a query.
void check_path(std::string_view path) {
    const bool is_plain = std::all_of(path.begin(), path.end(), [](char c) { return c > ' ' && c < 0x7f && c != '?' && c != '#'; });
    if (!path.empty() && (path.front() != '/' || !is_plain))
        throw wrong_use(fmt::format("--path {}: this is not a path", path), "Write it as /a/b, percent-encoded; a query is given by --query");
}

// A WASI program's own code is this process's, too, as far as a process can have it.
int exit_code_of(const registry::Function& function, const run::Outcome& outcome) {
    const auto* failed = std::get_if<run::Failed>(&outcome.how);
    const int code = failed && function.program->is_command() ? failed->code & 0xff : 0;
    return code == 0 ? kExitFailed : code;
}

uint64_t at_most(uint64_t given, uint64_t maximum, const char* option) {
    if (given > maximum) throw wrong_use(fmt::format("{}: {} is more than {}", option, given, maximum), "Give less");
    return given;
}

}  // namespace

std::string function_name_of(const std::string& file) {
    auto name = std::filesystem::path(file).stem().string();
    return check_name("function", name).ok() ? name : "function";
}

HeadField parse_header(const std::string& text) {
    std::string_view field = text;
    size_t colon = field.find(':');
    auto name = field.substr(0, colon);
    if (colon == field.npos || !is_token(name) || !is_field_value(field))
        throw wrong_use(fmt::format("--header {}: this is not a field", text), "Write it as 'NAME: VALUE'");
    return {name, trim_blanks(field.substr(colon + 1))};
}

uint64_t run_timeout_ms_of(const std::string& timeout) {
    bool bare = timeout.find_first_not_of("0123456789") == timeout.npos;
    return at_most(timeout_ms_of(bare ? timeout + "ms" : timeout), kTimeoutMsMax, "--timeout");
}

RunCommand::RunCommand(CommandLine& line) {
    auto& running = line.add_local("run", "Run a module file over files, without a server", [this](Output output) { return run(output); });
    running.add_option("FILE", file_, "The module, FILE.wasm or FILE.wat")->required();
    running.add_option("--name", name_, "The function's name; else the file's without its ending");
    running.add_option("--path", path_, "What stands in the request's path behind /f/NAME, as /a/b");
    running.add_option("--object", objects_, "BUCKET/KEY=FILE that the function may open; may be repeated")->allow_extra_args(false);
    running.add_option("-q,--query", query_, "NAME=VALUE of the query; may be repeated")->allow_extra_args(false);
    running.add_option("--body-file", body_file_, "The request body: a file, - for standard input");
    running.add_option("--header", headers_, "'NAME: VALUE' of the request; may be repeated")->allow_extra_args(false);
    running.add_option("--method", method_, "The request method; else POST with a body, GET without");
    running.add_option("--env", env_, "NAME=VALUE that the function can read; may be repeated")->allow_extra_args(false);
    running.add_option("--dir", directories_, "NAME=PATH that a WASI program finds as a directory, NAME=PATH:ro to read only; may be repeated")->allow_extra_args(false);
    running.add_option("ARGUMENT", arguments_, "Behind --: arguments of a WASI program");
    running.add_flag("--warm", warm_, "Initialise it once before, as a deploy with --warm does");
    running.add_option("--limit", limits_, "NAME=VALUE, as a deploy takes it; may be repeated")->allow_extra_args(false);
    running.add_option("--memory", memory_, "Limit of its own memory, as 64MiB; windows count apart");
    running.add_option("--timeout", timeout_, "Its deadline, as 500ms, 30s or in milliseconds");
    running.add_option("--clock-resolution-us", clock_resolution_us_, "Steps in which it sees clocks move (default 1000; 0: exactly)")
        ->check(CLI::Range(uint64_t{0}, kClockResolutionUsMax));
    running.add_option("-o,--output,--out", output_file_, "The file to write the answer to instead of standard output");
    running.add_option("--publish", publish_directory_, "Store published objects as DIR/BUCKET/KEY; else they are only told of")
        ->type_name("DIR");
    running.add_flag("--cost", cost_, "Say on standard error what the invocation cost; --json always does");
}

std::string RunCommand::query() const {
    auto pairs = query_pairs(query_);
    for (const auto& argument : arguments_) pairs.emplace_back("arg", argument);
    return query_string(pairs);
}

store::FunctionRecord RunCommand::make_record(GivenObjects& objects) const {
    store::FunctionRecord record;
    record.name = name_.empty() ? function_name_of(file_) : name_;
    if (auto checked = check_name("function", record.name); !checked.ok()) throw wrong_use(checked.error().detail, "Choose another --name");
    if (!directories_.empty()) record.limits.publishes = kRunFilesMax;
    for (auto pair = limits_.rbegin(); pair != limits_.rend(); ++pair) {  // The first of a name counts.
        const auto [row, value] = limit_of(*pair);
        record.limits.*row->value = value;
    }
    if (!timeout_.empty()) record.limits.timeout_ms = run_timeout_ms_of(timeout_);
    if (!memory_.empty()) record.limits.memory_bytes = at_most(memory_bytes_of(memory_), kMemoryBytesMax, "--memory");
    for (const auto& pair : env_) {
        check_environment_pair(pair);
        record.env.append(pair).push_back('\0');
    }
    record.warm = warm_;
    at_most(record.env.size(), kEnvBytesMax, "--env, all bytes");
    for (const auto& pair : directories_) record.directories.append(objects.add_directory(pair)).push_back('\0');
    return record;
}

int RunCommand::run(Output output) const {
    os::raise_descriptor_limit();
    GivenObjects objects;
    auto record = make_record(objects);
    RunResult result({record.name, output_file_, publish_directory_, objects.directories().paths(), cost_, output});
    const std::string query = this->query();
    check_path(path_);
    std::string path = "/f/" + record.name + path_;
    std::vector<HeadField> fields;
    for (const auto& header : headers_) fields.push_back(parse_header(header));
    if (!method_.empty() && !is_token(method_)) throw wrong_use("--method " + method_ + ": this is not a method", "Write it as PUT");

    for (const auto& pair : objects_) objects.add(pair);
    auto module = open_input(file_, kModuleBytesMax);
    run::Request request;
    if (!body_file_.empty()) {
        request.body.pages = std::make_shared<const os::Pages>(open_input(body_file_, kBodyBytesMaxDefault).take_pages());
        request.body.size = request.body.pages->size();
    }
    request.method = method_;
    if (method_.empty()) request.method = body_file_.empty() ? "GET" : "POST";
    request.path = path;
    request.rest = path_;
    request.query = std::string_view(query).substr(query.empty() ? 0 : 1);
    request.fields = fields;
    request.count_private = cost_ || output == Output::json;

    auto loaded = need(load_function(std::move(record), std::move(module)));
    last_words = too_late(loaded.function.record, output);
    auto outcome = need(execute_in_time(loaded.function, request, objects, {clock_resolution_us_ * 1000}));
    auto unchanged = [&]() -> Result<> {
        if (request.body.pages) INLAY_TRY_VOID(check_not_shrunk(*request.body.pages, body_file_));
        return objects.check_opened();
    };
    const int code = exit_code_of(loaded.function, outcome);
    try {
        return result.tell(outcome, unchanged, objects.first_absent());
    } catch (Failure& failure) {
        failure.exit_code = code;
        throw;
    }
}

}  // namespace inlay::cli
