// build -> run each case -> compare -> tell.
#include "app/cli_test_command.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "app/cli_build.hpp"
#include "app/cli_child.hpp"
#include "app/cli_encoding.hpp"
#include "app/cli_failure.hpp"
#include "app/cli_quantity.hpp"
#include "app/cli_table.hpp"

namespace inlay::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

// A directory that is gone with its owner.
class ScratchPlace {
  public:
    ScratchPlace() : path_((fs::temp_directory_path() / "inlay-test-XXXXXX").string()) {
        if (::mkdtemp(path_.data()) == nullptr) throw client_failure("no-directory", {"No directory can be made for the answers", path_, "Set TMPDIR"});
    }
    ~ScratchPlace() {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    ScratchPlace(const ScratchPlace&) = delete;
    ScratchPlace& operator=(const ScratchPlace&) = delete;
    std::string file(const char* name) const { return path_ + "/" + name; }

  private:
    std::string path_;
};

std::string content_of(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

struct Judged {
    const ProjectCase* one;
    CaseAnswer answer;
    std::vector<std::string> differences;
};

Judged run_case(const Project& project, const ProjectCase& one) {
    ScratchPlace place;
    std::string body_file = one.body_file ? project.path_of(*one.body_file) : "";
    if (one.body) {
        body_file = place.file("body");
        std::ofstream(body_file, std::ios::binary) << *one.body;
    }
    std::optional<std::string> expected;
    if (one.expect_body_file) {
        const auto path = project.path_of(*one.expect_body_file);
        if (!fs::is_regular_file(path)) throw wrong_use(fmt::format("{} of case {:?}: there is no such file", path, one.name), "Correct expect_body_file");
        expected = content_of(path);
    }
    const auto output_file = place.file("answer");
    auto said = run_own_command(run_arguments(project, one, body_file, output_file));
    Judged judged{&one, answer_of_run(said.output, said.errors, content_of(output_file)), {}};
    if (judged.answer.is_wrong_use)
        throw wrong_use(fmt::format("case {:?} ({}, line {}): {}", one.name, kProjectFile, one.line, judged.answer.failure), "Correct what the case names");
    judged.differences = differences(one, judged.answer, expected);
    return judged;
}

std::string milliseconds(uint64_t us) { return fmt::format("{}.{:03} ms", us / 1000, us % 1000); }

void tell_table(const std::vector<Judged>& all) {
    constexpr auto kRight = Table::Align::right;
    Table table({{"CASE"}, {"RESULT"}, {"STATUS", kRight}, {"COPIED", kRight}, {"TIME", kRight}});
    for (const auto& [one, answer, differences] : all)
        table.add_row({one->name, differences.empty() ? "passed" : "FAILED", answer.status == 0 ? "-" : std::to_string(answer.status),
                       format_size(answer.copied), milliseconds(answer.time_us)});
    StreamSink out(stdout);
    out.write(table.text());
    for (const auto& [one, answer, differences] : all) {
        if (differences.empty()) continue;
        out.write(printable(fmt::format("\n{} ({}, line {})\n", one->name, kProjectFile, one->line)));
        for (const auto& line : differences) out.write(printable("  " + line + "\n"));
        for (const auto& line : answer.log) out.write(printable("  log: " + line + "\n"));
    }
    out.finish();
}

ordered_json document_of(const std::vector<Judged>& all) {
    auto cases = ordered_json::array();
    for (const auto& [one, answer, differences] : all)
        cases.push_back({{"name", one->name}, {"line", one->line}, {"passed", differences.empty()}, {"status", answer.status}, {"copied", answer.copied},
                         {"time_us", answer.time_us}, {"differences", differences}, {"log", answer.log}});
    return cases;
}

}  // namespace

TestCommand::TestCommand(CommandLine& line) {
    auto& testing = line.add_local("test", "Build a project, and run its cases without a server", [this](Output output) { return run(output); });
    testing.add_option("DIR", directory_, "The project's directory (default: this one)");
    testing.add_option("--case", cases_, "Only the case of this name; may be repeated")->allow_extra_args(false);
    testing.add_flag("--no-build", no_build_, "Take the module as it is");
}

std::vector<ProjectCase> TestCommand::chosen(const Project& project) const {
    if (project.cases.empty()) throw wrong_use(fmt::format("{}: there are no cases", project.path_of(std::string(kProjectFile))), "Write [[case]] with a name and what is expected");
    std::vector<ProjectCase> cases;
    for (const auto& one : project.cases)
        if (cases_.empty() || std::find(cases_.begin(), cases_.end(), one.name) != cases_.end()) cases.push_back(one);
    for (const auto& name : cases_)
        if (std::none_of(cases.begin(), cases.end(), [&](const auto& one) { return one.name == name; }))
            throw wrong_use(fmt::format("--case {:?}: there is none of this name", name), fmt::format("{} names them", kProjectFile));
    return cases;
}

int TestCommand::run(Output output) const {
    const auto project = read_project(directory_);
    const auto cases = chosen(project);
    if (!no_build_) {
        const auto built = build_project(project, output);
        if (output == Output::text) print_line(built_line(project, built));
    } else if (!fs::exists(project.path_of(project.module))) {
        throw wrong_use(fmt::format("{}: there is no module", project.path_of(project.module)), "Leave out --no-build");
    }
    std::vector<Judged> all;
    for (const auto& one : cases) all.push_back(run_case(project, one));
    const auto failed = static_cast<size_t>(std::count_if(all.begin(), all.end(), [](const auto& judged) { return !judged.differences.empty(); }));
    if (output == Output::json) {
        print_json({{"name", project.name}, {"passed", all.size() - failed}, {"failed", failed}, {"cases", document_of(all)}});
    } else {
        tell_table(all);
        print_line(fmt::format("{} of {} cases passed", all.size() - failed, all.size()));
    }
    return failed == 0 ? kExitDone : kExitFailed;
}

}  // namespace inlay::cli
