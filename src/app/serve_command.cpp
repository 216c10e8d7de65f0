// Starts the four kinds of process that are no client.
#include "app/serve_command.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "app/cli_inspect.hpp"
#include "app/serve_config.hpp"
#include "base/log.hpp"
#include "control/supervisor.hpp"
#include "engine/compile.hpp"
#include "engine/code_cache.hpp"
#include "engine/program.hpp"
#include "os/allowance.hpp"
#include "os/file.hpp"
#include "os/mapping.hpp"
#include "os/process.hpp"
#include "os/sandbox.hpp"
#include "registry/compiled_file.hpp"
#include "run/host_api.hpp"
#include "run/initialise.hpp"
#include "run/lane_loop.hpp"
#include "serve/worker.hpp"

namespace inlay {
namespace {

constexpr size_t kRefusalBytesMax = 4 * KiB;
// Who goes first when there is no memory left: the supervisor last.
constexpr int kWorkerOomScore = 200, kLaneOomScore = 600, kCompilerOomScore = 800;

int fail(const Error& error, int exit_code) {
    fmt::print(stderr, "inlay: {}\n", error.detail);
    return exit_code;
}

// Numbers that our own supervisor gave us.
std::vector<uint64_t> numbers_of(int argc, char** argv) {
    std::vector<uint64_t> numbers;
    for (int i = 1; i < argc; i++) {
        uint64_t number = 0;
        std::string_view text = argv[i];
        std::from_chars(text.data(), text.data() + text.size(), number);
        numbers.push_back(number);
    }
    return numbers;
}

// Before the first thing that a stranger has made. `word`: what the supervisor said of it.
Result<> enter_sandbox(os::SandboxKind kind, std::string_view word) {
    auto user = os::user_of_word(word);
    if (!user) return {};
    INLAY_TRY_VOID(os::enter_sandbox({kind, *user}));
    return {};
}

// By position: another compiler may be reading it, too. Empty where it cannot be read: then all is compiled.
std::string kept_code(int fd) {
    auto status = os::status(fd);
    std::string bytes(status.ok() ? std::min<uint64_t>(status->size, kKeptCodeBytesMax) : 0, '\0');
    return os::read_exactly_at(fd, bytes.data(), bytes.size(), 0).ok() ? bytes : std::string();
}

Result<control::ServeOptions> options_of(const CLI::App& app, const std::string& listen, const std::string& config_file,
                                         control::ServeOptions given, std::string token_file) {
    control::ServeOptions options;
    std::string configured_token_file;
    if (!config_file.empty()) INLAY_TRY_VOID(read_config(config_file, options, configured_token_file));
    if (app.count("--listen")) {
        INLAY_TRY(options.listen, os::parse_address(listen));
    }
    if (app.count("--data")) options.data_directory = given.data_directory;
    if (app.count("--workers")) options.workers = given.workers;
    if (app.count("--max-body")) options.max_body = given.max_body;
    if (app.count("--send")) options.send = given.send;
    if (app.count("--no-sandbox")) options.sandbox = given.sandbox;
    if (app.count("--incremental")) options.incremental = given.incremental;
    if (app.count("--users-from")) options.users_from = given.users_from;
    if (app.count("--clock-resolution-us")) options.clock_resolution_us = given.clock_resolution_us;
    if (app.count("--link-root")) options.link_roots = given.link_roots;
    if (options.workers > kWorkersMax)
        return Error{Errc::bad_request, fmt::format("--workers {}: at most {}", options.workers, kWorkersMax)};
    if (token_file.empty()) token_file = configured_token_file;
    if (!token_file.empty()) {
        INLAY_TRY(options.token, read_token(token_file));
    }
    if (!options.listen.is_loopback() && options.token.empty())
        return Error{Errc::bad_request, fmt::format("--listen {} is beyond loopback: anybody could deploy code there; give a "
                                                    "--token-file",
                                                    options.listen.text())};
    return options;
}

}  // namespace

int serve_main(int argc, char** argv) {
    CLI::App app("Serves functions and objects over HTTP until SIGTERM.", "inlay serve");
    std::string listen, config_file, token_file;
    control::ServeOptions given;
    app.add_option("--listen", listen, "Address and port; port 0 takes a free one (default 127.0.0.1:8080)");
    app.add_option("--data", given.data_directory, "Data directory (default inlay-data)");
    app.add_option("--workers", given.workers, "Worker processes (default: one per processor)");
    app.add_option("--max-body", given.max_body, "Largest request body in bytes (default 1 GiB)");
    app.add_option_function<std::string>("--send", [&](const std::string& name) { given.send = *parse_send_way(name); },
                                         "How content leaves: memory (sendmsg), file (sendfile), auto (by where the client is; default)")
        ->check(CLI::IsMember(kSendWayNames));
    app.add_option("--clock-resolution-us", given.clock_resolution_us, "Steps in which functions see clocks move (default 1000; 0: exactly)")
        ->check(CLI::Range(uint64_t{0}, kClockResolutionUsMax));
    app.add_option("--link-root", given.link_roots, "A directory whose files may be linked as objects; repeatable (default: none)")
        ->allow_extra_args(false);
    app.add_option("--users-from", given.users_from, "Started as root: the first user number for workers and compilers; 0: they stay root")
        ->check(CLI::Range(uint32_t{0}, control::kUsersFromMax));
    app.add_flag_function("--no-sandbox", [&](int64_t) { given.sandbox = false; }, "Workers keep all rights of this process: for what you trust, and to look for faults");
    app.add_flag("--incremental", given.incremental, "A function's next version is compiled only where it differs: for development, where all versions are yours");
    app.add_option("--config", config_file, "TOML file with the same settings")->check(CLI::ExistingFile);
    app.add_option("--token-file", token_file, "File with the bearer token that clients must send")->check(CLI::ExistingFile);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    os::set_process_name("inlay");
    start_log("inlay");
    auto options = options_of(app, listen, config_file, given, token_file);
    if (!options.ok()) return fail(options.error(), 2);
    auto supervisor = control::Supervisor::create(std::move(options).value());
    if (!supervisor.ok()) return fail(supervisor.error(), 1);
    fmt::print("listening on http://{}\n", (*supervisor)->address().text());
    std::fflush(stdout);
    auto ended = (*supervisor)->run();
    return ended.ok() ? 0 : fail(ended.error(), 1);
}

int worker_main(int argc, char** argv) {
    os::set_process_name("inlay-worker");
    os::offer_to_oom_killer(kWorkerOomScore);
    start_log("inlay-worker");
    auto numbers = numbers_of(argc, argv);
    if (numbers.size() != 6) return fail({Errc::bad_request, "`inlay worker` is started by `inlay serve` only"}, 2);
    auto fd = [&](size_t i) { return static_cast<int>(numbers[i]); };
    for (size_t i = 0; i < 5; i++) os::close_on_exec(fd(i));
    os::Fd settings_file(fd(4));  // Ends here: a token is in it.
    auto bytes = os::read_from_start(settings_file.get(), kMessageBytesMax);
    settings_file.close();
    if (!bytes.ok()) return fail(bytes.error(), 1);
    auto settings = serve::decode_settings(*bytes);
    if (!settings.ok()) return fail(settings.error(), 1);
    auto worker = serve::Worker::create({fd(0), fd(1), fd(2), fd(3)}, std::move(settings).value());
    if (!worker.ok()) return fail(worker.error(), 1);
    if (auto entered = enter_sandbox(os::SandboxKind::worker, argv[6]); !entered.ok()) return fail(entered.error(), 1);
    if (!(*worker)->run()) std::_Exit(0);
    return 0;
}

int lane_main(int argc, char** argv) {
    os::set_process_name("inlay-lane");
    os::offer_to_oom_killer(kLaneOomScore);
    start_log("inlay-lane");
    auto numbers = numbers_of(argc, argv);
    if (numbers.size() != 2) return fail({Errc::bad_request, "`inlay lane` is started by `inlay serve` only"}, 2);
    // Its worker alone says when it ends.
    for (int number : {SIGPIPE, SIGINT, SIGTERM}) os::ignore_signal(number);
    os::raise_descriptor_limit();
    os::give_way();
    auto fd = static_cast<int>(numbers[0]);
    os::close_on_exec(fd);
    auto ended = run::serve_lane(os::Channel(os::Fd(fd)), [&] { return enter_sandbox(os::SandboxKind::lane, argv[2]); });
    return ended.ok() ? 0 : fail(ended.error(), 1);
}

int compile_main(int argc, char** argv) {
    os::set_process_name("inlay-compile");
    os::offer_to_oom_killer(kCompilerOomScore);
    start_log("inlay-compile");
    os::give_way();
    // The compiler's threads: it would take the machine's processors for ours.
    ::setenv("RAYON_NUM_THREADS", std::to_string(os::usable_processors()).c_str(), 1);
    auto numbers = numbers_of(argc, argv);
    if (numbers.size() != 8) return fail({Errc::bad_request, "`inlay compile` is started by `inlay serve` only"}, 2);
    int module_fd = static_cast<int>(numbers[0]), output_fd = static_cast<int>(numbers[1]);
    const auto checks = static_cast<engine::Checks>(numbers[4]);
    const std::string_view task = argv[0];
    auto way = registry::BodyWay::whole;
    const int kept_fd = static_cast<int>(numbers[5]), keep_fd = static_cast<int>(numbers[6]);  // 0: nothing is kept.
    std::optional<engine::CodeCache> cache;
    if (keep_fd != 0) cache.emplace(kept_code(kept_fd));
    auto compiled = [&]() -> Result<std::string> {
        const bool initialises = task == "initialise-module";
        INLAY_TRY(auto engine, initialises ? engine::Engine::create_for_start(run::host_functions(), cache ? &*cache : nullptr)
                                           : engine::Engine::create_for_compiler(run::host_functions(), checks, cache ? &*cache : nullptr));
        os::Mapping module;
        if (numbers[2] > 0) {
            INLAY_TRY(module, os::Mapping::create(module_fd, 0, numbers[2], os::Access::read, os::Sharing::private_));
        }
        INLAY_TRY_VOID(enter_sandbox(os::SandboxKind::compiler, argv[8]));
        if (initialises) return run::initialise(*engine, module.bytes(), numbers[3]);
        if (task == "inspect-module") {
            INLAY_TRY(auto facts, engine::inspect(*engine, run::host_functions(), module.bytes(), numbers[3]));
            return cli::json_of(facts).dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
        }
        INLAY_TRY(auto code, engine::compile(*engine, module.bytes(), numbers[3]));
        INLAY_TRY(auto program, engine::Program::load(*engine, {reinterpret_cast<const uint8_t*>(code.data()), code.size()}));
        if (program->imports("receive") || program->imports("send")) way = registry::BodyWay::streams;
        return code;
    }();
    if (compiled.ok() && task == "compile" && !os::write_all(output_fd, registry::compiled_file_head(*compiled, way)).ok()) return 1;
    if (compiled.ok() && cache) (void)os::write_all(keep_fd, cache->take());  // As much as there is room for.
    if (!os::write_all(output_fd, compiled.ok() ? *compiled : compiled.error().detail.substr(0, kRefusalBytesMax)).ok()) return 1;
    return compiled.ok() ? 0 : control::kCompileRefusedExitCode;
}

}  // namespace inlay
