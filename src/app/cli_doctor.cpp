// Looks, sets what it is asked to set, and tells.
#include "app/cli_doctor.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>

#include "app/cli_content.hpp"
#include "app/cli_doctor_bench.hpp"
#include "app/cli_encoding.hpp"
#include "app/cli_failure.hpp"
#include "app/cli_findings.hpp"
#include "app/cli_table.hpp"
#include "os/machine.hpp"

namespace inlay::cli {
namespace {

using nlohmann::ordered_json;

struct Change {
    Setting setting;
    std::string before;
};

std::vector<Change> set_what_can_be_set(const std::vector<Finding>& findings) {
    if (::geteuid() != 0) throw wrong_use("--fix changes settings of the kernel", "Run it as root");
    std::vector<Change> changes;
    for (const auto& finding : findings) {
        if (!finding.fix) continue;
        auto before = os::chosen_word(os::read_setting(finding.fix->path).value_or("absent"));
        need(os::write_setting(finding.fix->path, finding.fix->value));
        changes.push_back({*finding.fix, before});
    }
    return changes;
}

ordered_json json_of(const Setting& setting) { return {{"path", setting.path}, {"value", setting.value}}; }

ordered_json json_of(const Finding& finding) {
    return {{"name", finding.name},
            {"verdict", text_of(finding.verdict)},
            {"in_force", finding.in_force},
            {"gain", finding.gain},
            {"remedy", finding.remedy},
            {"fix", finding.fix ? json_of(*finding.fix) : ordered_json()}};
}

void print(const Finding& finding) {
    print_line(printable(fmt::format("{:16} {}: {}", text_of(finding.verdict), finding.name, finding.in_force)));
    if (finding.verdict == Verdict::good) return;
    print_line(printable(fmt::format("{:16} gain: {}", "", finding.gain)));
    if (finding.fix)
        print_line(printable(fmt::format("{:16} do: echo {} > {}, or inlay doctor --fix, until the next boot", "", finding.fix->value, finding.fix->path)));
    else if (!finding.remedy.empty())
        print_line(printable(fmt::format("{:16} do: {}", "", finding.remedy)));
}

}  // namespace

DoctorCommand::DoctorCommand(CommandLine& line) {
    auto& examining = line.add_local("doctor", "Examine this machine: what is in force, what would be gained, what sets it",
                                     [this](Output output) { return bench_ ? measure(output) : examine(output); });
    examining.add_option("--data", data_directory_, "A data directory: its filesystem is examined too");
    auto* fixing = examining.add_flag("--fix", fix_, "Set what can be set until the next boot (root only), and say what was changed");
    examining.add_flag("--bench", bench_, "Measure instead, in half a minute: a server of its own beside native code, in a directory of its own (in --data, if given)")
        ->excludes(fixing);
    examining.footer("Exit code 1 means that something is wrong; what could be better is no error.");
}

int DoctorCommand::measure(Output output) const {
    auto figures = measure_machine(data_directory_);
    if (output == Output::json) {
        ordered_json document = {{"bench", ordered_json::array()}};
        for (const auto& figure : figures)
            document["bench"].push_back({{"name", figure.name},
                                         {"unit", figure.unit},
                                         {"ours", figure.ours},
                                         {"native", figure.native},
                                         {"native_is", figure.native_is},
                                         {"ratio", figure.ratio()},
                                         {"missing", figure.missing.empty() ? ordered_json() : ordered_json(figure.missing)}});
        print_json(document);
        return kExitDone;
    }
    Table table({{"figure"}, {"Inlay", Table::Align::right}, {"native", Table::Align::right}, {"unit"}, {"speed to native's", Table::Align::right}, {"native is"}});
    for (const auto& figure : figures) {
        bool there = figure.missing.empty();
        auto number = [&](double value, const char* form) { return there ? fmt::format(fmt::runtime(form), value) : "-"; };
        table.add_row({figure.name, number(figure.ours, "{:.1f}"), number(figure.native, "{:.1f}"), figure.unit, number(figure.ratio(), "{:.2f}"),
                       there ? figure.native_is : figure.missing});
    }
    StreamSink out(stdout);
    out.write(table.text());
    out.finish();
    return kExitDone;
}

int DoctorCommand::examine(Output output) const {
    auto findings = examine_machine(data_directory_);
    std::vector<Change> changes;
    if (fix_) {
        changes = set_what_can_be_set(findings);
        findings = examine_machine(data_directory_);
    }
    if (output == Output::json) {
        ordered_json document = {{"findings", ordered_json::array()}, {"changed", ordered_json::array()}};
        for (const auto& finding : findings) document["findings"].push_back(json_of(finding));
        for (const auto& change : changes) {
            document["changed"].push_back(json_of(change.setting));
            document["changed"].back()["before"] = change.before;
        }
        print_json(document);
    } else {
        for (const auto& change : changes)
            print_line(fmt::format("changed          {}: {}, was {}", change.setting.path, change.setting.value, change.before));
        for (const auto& finding : findings) print(finding);
    }
    bool wrong = std::any_of(findings.begin(), findings.end(), [](const Finding& finding) { return finding.verdict == Verdict::wrong; });
    return wrong ? kExitFailed : kExitDone;
}

}  // namespace inlay::cli
