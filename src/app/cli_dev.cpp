// One loop: what has changed is built, what is built is deployed, what the function does is told.
#include "app/cli_dev.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <future>
#include <optional>
#include <utility>

#include "app/cli_build.hpp"
#include "app/cli_dev_server.hpp"
#include "app/cli_dev_voice.hpp"
#include "app/cli_encoding.hpp"
#include "app/cli_failure.hpp"
#include "app/cli_functions.hpp"
#include "app/cli_quantity.hpp"
#include "app/project.hpp"
#include "app/source_tree.hpp"
#include "base/clock.hpp"
#include "os/process.hpp"
#include "os/watch.hpp"

namespace inlay::cli {
namespace {

using nlohmann::ordered_json;

constexpr uint64_t kTickMs = 100;
constexpr uint64_t kQuietMs = 50;       // A save is over when nothing has changed for so long.
constexpr uint64_t kRestlessMs = 1000;  // What never is quiet is built after this.
constexpr uint64_t kPollMs = 500;       // Between two looks where the kernel does not tell.
constexpr uint64_t kTellMs = 250;       // Between two questions for logs and costs.
constexpr uint64_t kWarmMs = 1500;      // What is served is initialised when nothing was saved for so long.
constexpr unsigned kRepeatsMax = 4;     // Builds in a row during which something changes: from there on they wait,
constexpr uint64_t kRepeatMs = 1000;    // so long at first,
constexpr unsigned kRepeatDoublings = 6;  // and twice as long each time, so often.
constexpr uint64_t kBuildEndMs = 2000;  // What a build is given to end when we do.
constexpr auto kAsideTick = std::chrono::milliseconds(2);

uint64_t now_ms() { return monotonic_ns() / 1'000'000; }

// What builds write to: the directory at the top that the module is in, or the module alone where it lies beside the sources.
std::string made_by(const Project& project) { return std::filesystem::path(project.module).lexically_normal().begin()->string(); }

// Somebody ends us while we wait.
struct Stopped {};

class Session {
  public:
    Session(Project project, unsigned port, Output output)
        : project_(std::move(project)), voice_(output), server_(project_.directory, port), tree_(project_.directory, made_by(project_)) {
        auto watch = os::Watch::create();
        if (watch.ok()) watch_.emplace(std::move(watch).value());
    }
    ~Session() { end_build(); }
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    int run() {
        // Held, not handled: questions to the server have handlers of their own, which would take one that comes meanwhile.
        constexpr int kEnding[] = {SIGINT, SIGTERM, SIGHUP};
        signals_ = need(os::hold_signals(kEnding));
        try {
            go_on();
        } catch (const Stopped&) {
        }
        voice_.say("stopped", "stopped");
        return kExitDone;
    }

  private:
    void go_on() {
        say_hello();
        look();
        begin();
        while (!is_to_end()) {
            const int fds[] = {signals_.get(), watch_ ? watch_->fd() : -1, build_process_.get(), server_.process()};
            os::wait_readable(fds, kTickMs);
            const int ended[] = {server_.process()};
            if (os::wait_readable(ended, 0))
                throw client_failure("server-ended", {"The project's server has ended", server_.last_words(), "Run inlay dev again"});
            const bool is_built = build_ > 0 && build_has_ended();
            if (is_built) conclude();
            notice();
            if (again_at_ms_ && now_ms() >= *again_at_ms_) build_for({});
            if (deployed_ && now_ms() >= tell_at_ms_) tell_again();
            if (warm_at_ms_ && now_ms() >= *warm_at_ms_ && build_ < 0 && !stirred_at_ms_) warm();
        }
    }

    void say_hello() const {
        const auto url = fmt::format("{}/f/{}", server_.url(), project_.name);
        constexpr auto kWords = "serving {0}\n"
                                "  curl --data-binary @FILE {0}      # with -i -H 'Inlay-Cost: ?1': what it costs\n"
                                "  INLAY_SERVER={1} inlay put BUCKET/KEY FILE";
        voice_.say("serving", fmt::format(kWords, url, server_.url()),
                   {{"name", project_.name}, {"url", url}, {"server", server_.url()}});
    }

    // The files that have changed. New directories are watched from now on; without watches the next look is by the clock.
    std::vector<std::string> look() {
        if (watch_) watch_->take();
        auto changed = tree_.look([&](const std::string& directory) {
            if (!watch_ || watch_->add(directory).ok()) return;
            watch_.reset();
        });
        if (!watch_ && !said_polling_) {
            said_polling_ = true;
            voice_.say("polling", "there are no watches left for its files (fs.inotify.max_user_watches): they are looked at twice a second");
        }
        if (tree_.is_cut()) voice_.say("cut", fmt::format("there are more than {} files: changes of some are not seen", kSourceFilesMax));
        return changed;
    }

    // Sees that something has changed, waits until that is over, and builds.
    void notice() {
        const uint64_t now = now_ms();
        const bool stirred = watch_ ? watch_->take() : now >= look_at_ms_;
        if (build_ > 0) return;  // Its end looks at what has changed meanwhile.
        if (stirred) {
            if (!stirred_at_ms_) stirred_at_ms_ = now;
            quiet_at_ms_ = watch_ ? now + kQuietMs : now;
        }
        if (!stirred_at_ms_ || (now < quiet_at_ms_ && now < *stirred_at_ms_ + kRestlessMs)) return;
        stirred_at_ms_.reset();
        look_at_ms_ = now + kPollMs;
        auto changed = look();
        if (changed.empty()) return;
        repeats_ = 0;
        build_for(std::move(changed));
    }

    // What has changed while a build ran is built for, too. The builds themselves may change it, or somebody saves while each of them runs: nobody
    // can tell, so that no change is lost, and builds without an end become rare.
    void build_for_what_came_meanwhile(std::vector<std::string> changed) {
        repeats_ = changed.empty() ? 0 : repeats_ + 1;
        if (changed.empty()) return;
        if (repeats_ <= kRepeatsMax) return build_for(std::move(changed));
        const uint64_t wait_ms = kRepeatMs << std::min(repeats_ - kRepeatsMax - 1, kRepeatDoublings);
        again_at_ms_ = now_ms() + wait_ms;
        voice_.say("repeats", fmt::format("{} changed during the build, as something did during each of the last {}: built for that in {}, or when something is saved; "
                                          "a build should not write to its own sources",
                                          names_of(changed), repeats_, format_duration(wait_ms)),
                   {{"files", changed}, {"wait_ms", wait_ms}});
        changed_meanwhile_ = std::move(changed);
    }

    // And for what has changed before and was to wait.
    void build_for(std::vector<std::string> changed) {
        changed.insert(changed.end(), changed_meanwhile_.begin(), changed_meanwhile_.end());
        changed_meanwhile_.clear();
        std::sort(changed.begin(), changed.end());
        changed.erase(std::unique(changed.begin(), changed.end()), changed.end());
        voice_.say("changed", "changed: " + names_of(changed), {{"files", changed}});
        if (std::find(changed.begin(), changed.end(), kProjectFile) != changed.end()) read_again();
        begin();
    }

    void read_again() {
        try {
            auto read = read_project(project_.directory);
            if (read.name != project_.name) deployed_ = false, after_ = 0, usage_ = ordered_json::object();
            const bool renamed = read.name != project_.name;
            project_ = std::move(read);
            tree_.leave_out(made_by(project_));
            if (renamed) say_hello();
        } catch (const Failure& failure) {
            voice_.say_failure("failed", failure, "what it said before holds");
        }
    }

    void begin() {
        voice_.say("building", "building: " + project_.build_command, {{"command", project_.build_command}});
        warm_at_ms_.reset();  // Its module is being written.
        again_at_ms_.reset();
        begun_ns_ = monotonic_ns();
        build_ = begin_build(project_, voice_.output(), true);
        build_process_ = need(os::open_process(build_));
    }

    bool build_has_ended() const {
        const int ended[] = {build_process_.get()};
        return os::wait_readable(ended, 0);
    }

    void conclude() {
        auto how = need(os::wait_for(std::exchange(build_, -1)));
        build_process_.close();
        auto meanwhile = look();
        try {
            const auto built = conclude_build(project_, how, (monotonic_ns() - begun_ns_) / 1'000'000);
            voice_.say("built", built_line(project_, built), {{"module", project_.module}, {"bytes", built.module_bytes}, {"took_ms", built.took_ms}});
            deploy();
        } catch (const Failure& failure) {
            voice_.say_failure("failed", failure, deployed_ ? "what was deployed before goes on serving" : "nothing is served yet");
        }
        build_for_what_came_meanwhile(std::move(meanwhile));
    }

    // What is initialised at deploy is compiled twice: that comes later.
    void deploy() {
        put("deployed", false);
        deployed_ = true;
        if (project_.deploy.warm) warm_at_ms_ = now_ms() + kWarmMs;
    }

    void warm() {
        warm_at_ms_.reset();
        try {
            put("warmed", true);
        } catch (const Failure& failure) {
            voice_.say_failure("failed", failure, "what was deployed goes on serving, not initialised");
        }
    }

    void put(std::string_view event, bool warm) {
        const uint64_t begin_ns = monotonic_ns();
        FileSource file(project_.path_of(project_.module));
        auto options = project_.deploy;
        options.warm = warm;
        // In lanes a trap is told with its source line; who is isolated runs nowhere else, and is compiled once.
        if (options.run_class.empty()) options.isolate = true;
        const auto target = function_target(project_.name) + query_string(deploy_query(options));
        auto deployed = ask_aside({"PUT", target, {{"Content-Type", "application/wasm"}}, &file});
        const uint64_t took_ms = (monotonic_ns() - begin_ns) / 1'000'000;
        voice_.say(event, fmt::format("{} {} (version {}) in {} ms", event, project_.name, member_text(deployed, "version"), took_ms),
                   {{"name", project_.name}, {"version", member_text(deployed, "version")}, {"took_ms", took_ms}});
    }

    void tell_again() {
        tell_at_ms_ = now_ms() + kTellMs;
        try {
            tell();
        } catch (const Failure&) {  // Somebody has removed the function: the next deploy brings it back.
        }
    }

    // What the function has logged and used since the last time.
    void tell() {
        auto page = ask({"GET", function_target(project_.name) + "/logs" + query_string({{"after", std::to_string(after_)}})});
        for (const auto& line : page.at("lines")) {
            auto text = [&](const char* name) { return line.value(name, std::string()); };
            voice_.say("log", fmt::format("{} {:5} {} {}", text("time"), text("level"), text("invocation"), text("text")), line);
        }
        after_ = page.at("next").get<uint64_t>();
        auto usage = ask({"GET", function_target(project_.name)}).value("usage", ordered_json::object());
        auto line = usage_between(usage_, usage);
        if (!line.empty()) voice_.say("requests", line, {{"usage", usage}});
        usage_ = std::move(usage);
    }

    ordered_json ask(Request request) { return server_.client().ask(std::move(request)); }

    // What takes long does not hold up who ends us: the server ends first, and with it the question.
    ordered_json ask_aside(Request request) {
        auto answer = std::async(std::launch::async, [&] { return ask(std::move(request)); });
        while (answer.wait_for(kAsideTick) != std::future_status::ready) {
            if (!is_to_end()) continue;
            server_.end();
            answer.wait();
            throw Stopped();
        }
        return answer.get();
    }

    bool is_to_end() const {
        const int signals[] = {signals_.get()};
        return os::wait_readable(signals, 0);
    }

    void end_build() noexcept {
        if (build_ < 0) return;
        const int ended[] = {build_process_.get()};
        os::send_signal_to_group(build_, SIGTERM);
        os::wait_readable(ended, kBuildEndMs);
        os::send_signal_to_group(build_, SIGKILL);  // Also those that it has left behind.
        (void)os::wait_for(build_);
    }

    Project project_;
    DevVoice voice_;
    DevServer server_;
    SourceTree tree_;
    os::Fd signals_;
    std::optional<os::Watch> watch_;            // None: they have run out.
    bool said_polling_ = false;
    std::optional<uint64_t> stirred_at_ms_;     // Something has changed that was not looked at.
    uint64_t quiet_at_ms_ = 0;
    unsigned repeats_ = 0;                      // Builds in a row during which something has changed.
    std::optional<uint64_t> again_at_ms_;       // What has changed then is to be built for yet.
    std::vector<std::string> changed_meanwhile_;
    uint64_t look_at_ms_ = 0;
    pid_t build_ = -1;
    os::Fd build_process_;
    uint64_t begun_ns_ = 0;
    bool deployed_ = false;
    std::optional<uint64_t> warm_at_ms_;        // What is deployed is to be initialised yet.
    uint64_t tell_at_ms_ = 0;
    uint64_t after_ = 0;                        // The log's lines up to there have been told.
    ordered_json usage_ = ordered_json::object();
};

}  // namespace

DevCommand::DevCommand(CommandLine& line) {
    auto& developing = line.add_local("dev", "Serve a project: build and deploy it again after each save", [this](Output output) { return run(output); });
    developing.add_option("DIR", directory_, "The project's directory (default: this one)");
    developing.add_option("--port", port_, "The port to serve at (default: a free one)")->check(CLI::Range(0u, 65535u));
}

int DevCommand::run(Output output) const {
    return Session(read_project(directory_), port_, output).run();
}

}  // namespace inlay::cli
