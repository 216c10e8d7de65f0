// Looks, and tells.
#include "app/cli_fsck.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <vector>

#include "app/cli_encoding.hpp"
#include "app/cli_failure.hpp"
#include "app/cli_progress.hpp"
#include "app/cli_quantity.hpp"
#include "base/limits.hpp"
#include "store/inspection.hpp"

namespace inlay::cli {
namespace {

using nlohmann::ordered_json;

constexpr std::string_view kContentRead = "modules verified; objects read whole, not verified: no hash of them is stored";
constexpr std::string_view kContentNotRead = "not read";

Failure could_not_look(const Error& error) {
    auto failure = problem_failure(error);
    failure.exit_code = kExitWrongUse;
    return failure;
}

ordered_json json_of(const store::Finding& finding) {
    return {{"kind", printable(finding.kind)}, {"thing", printable(finding.thing)}, {"found", printable(finding.found)}, {"remedy", printable(finding.remedy)}};
}

void print(const store::Finding& finding) {
    print_line(printable(fmt::format("{:18} {}: {}", finding.kind, finding.thing, finding.found)));
    print_line(printable(fmt::format("{:18} do: {}", "", finding.remedy)));
}

void print(const store::Inspected& inspected, bool served, bool content) {
    print_line(fmt::format("{} objects ({}; {} linked), {} functions; content {}", format_count(inspected.objects), format_size(inspected.object_bytes),
                           format_count(inspected.linked), format_count(inspected.functions), content ? kContentRead : kContentNotRead));
    if (served)
        print_line(fmt::format("a server runs: {} files without names may be in flight; stop it and look again to be sure of them",
                               format_count(inspected.in_flight)));
    if (inspected.findings > kFsckFindingsMax)
        print_line(fmt::format("{} findings, of which the first {} are shown", format_count(inspected.findings), format_count(kFsckFindingsMax)));
    else
        print_line(inspected.findings == 0 ? "clean" : fmt::format("{} findings", format_count(inspected.findings)));
}

}  // namespace

FsckCommand::FsckCommand(CommandLine& line) {
    auto& examining = line.add_local("fsck", "Compare a data directory's catalog with its files; changes nothing",
                                     [this](Output output) { return examine(output); });
    examining.add_option("--data", data_directory_, "The data directory, of a server that runs or not")->required();
    examining.add_flag("--content", content_, "Read every file to its end, and verify what a hash is stored of");
    examining.footer("Exit codes: 0 clean, 1 there are findings, 2 could not look.");
}

int FsckCommand::examine(Output output) const {
    std::vector<store::Finding> findings;
    auto inspected = [&]() -> Result<store::Inspected> {
        Progress progress("fsck");
        INLAY_TRY(auto visit, store::Visit::create(data_directory_));
        store::InspectionTerms terms;
        terms.content = content_;
        terms.begun = [&](uint64_t bytes) { progress.begin(bytes); };
        terms.looked_at = [&](uint64_t bytes) { progress.advance(bytes); };
        terms.found = [&](const store::Finding& finding) {
            if (findings.size() < kFsckFindingsMax) findings.push_back(finding);
        };
        return store::inspect(visit, terms);
    }();
    if (!inspected.ok()) throw could_not_look(inspected.error());
    if (output == Output::json) {
        ordered_json document = {{"served", inspected->served},       {"objects", inspected->objects},     {"object_bytes", inspected->object_bytes},
                                 {"linked_objects", inspected->linked}, {"functions", inspected->functions}, {"in_flight", inspected->in_flight},
                                 {"content", content_ ? kContentRead : kContentNotRead}, {"findings_total", inspected->findings},
                                 {"findings", ordered_json::array()}};
        for (const auto& finding : findings) document["findings"].push_back(json_of(finding));
        print_json(document);
    } else {
        for (const auto& finding : findings) print(finding);
        print(*inspected, inspected->served, content_);
    }
    return inspected->findings > 0 ? kExitFailed : kExitDone;
}

}  // namespace inlay::cli
