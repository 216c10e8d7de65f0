// For tests: what may be found after the crash script was stopped somewhere, and whether it is what is found.
//
// What was acknowledged is there. What was begun and not acknowledged is as it was, or as it was to become, whole.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string>

#include "control/crash_script.hpp"
#include "store/file_names.hpp"
#include "store/inspection.hpp"

namespace inlay::control {

// Everything that a data directory names, with its content, read as a visitor does.
inline std::map<std::string, std::string> contents_of(const std::filesystem::path& directory) {
    auto content_of = [](const std::filesystem::path& file) {
        std::ostringstream content;
        content << std::ifstream(file, std::ios::binary).rdbuf();
        return content.str();
    };
    std::map<std::string, std::string> contents;
    auto visit = store::Visit::create(directory.string());
    if (!visit.ok()) return {{visit.error().detail, ""}};
    auto catalog = visit->open_catalog();
    if (!catalog.ok()) return {{catalog.error().detail, ""}};
    auto walked = catalog->for_each_object([&](const store::ObjectRecord& object) -> Result<> {
        contents["object " + object.name.path()] = content_of(directory / "objects" / object.version.substr(30) / object.version);
        return {};
    });
    EXPECT_TRUE(walked.ok());
    auto functions = catalog->list_functions();
    for (const auto& function : functions.value())
        contents["function " + function.name] = content_of(directory / "modules" / store::module_file(function.version));
    return contents;
}

class CrashLedger {
  public:
    using Allowed = std::map<std::string, std::set<std::optional<std::string>>>;

    void apply(const os::DiskEvent& event) {
        if (event.step != os::DiskEvent::kMark) return;
        size_t step = std::stoul(event.bytes.substr(event.bytes.find(' ')));
        const auto& effects = crash_script()[step].effects;
        bool begins = event.bytes.starts_with("begin"), done = event.bytes.starts_with("done");
        if (done && step == 0) started_ = true;
        for (const auto& effect : effects) {
            auto& allowed = allowed_[effect.thing];
            if (begins && allowed.empty()) allowed.insert(std::nullopt);
            if (begins) allowed.insert(effect.content);
            if (done) allowed = {effect.content};
            if (begins && effect.thing.starts_with("backup ")) backed_up_[effect.thing] = allowed_;
        }
    }

    // What is wrong with what lies in `root`, restarts the server there, and looks again. Empty: nothing.
    std::string judge(const std::filesystem::path& root) const {
        auto data = (root / "data").string();
        std::string wrong;
        if (started_) wrong += judge_contents(data, allowed_) + judge_inspection(data, {"without-name"});
        wrong += judge_backups(root);
        CrashServer server(root.string());
        if (!server.start()) return wrong + "it does not start; ";
        if (!server.sweep()) wrong += "it cannot be swept; ";
        if (!server.put("canary", "sings")) wrong += "nothing can be stored; ";
        server.stop();
        auto allowed = allowed_;
        allowed["object b/canary"] = {"sings"};
        return wrong + judge_contents(data, allowed) + judge_inspection(data, {});
    }

  private:
    static std::string judge_contents(const std::filesystem::path& directory, const Allowed& allowed) {
        auto found = contents_of(directory);
        std::string wrong;
        if (found.contains("object b/one") != found.contains("object b/other")) wrong += "one of two that belong together is there; ";
        for (const auto& [thing, contents] : allowed) {
            if (thing.starts_with("backup ")) continue;
            auto there = found.extract(thing);
            auto content = there ? std::optional(there.mapped()) : std::nullopt;
            if (!contents.contains(content)) wrong += thing + (content ? " has other content; " : " is missing; ");
        }
        for (const auto& [thing, content] : found) wrong += thing + " should not be there; ";
        return wrong;
    }
    static std::string judge_inspection(const std::string& directory, const std::set<std::string>& allowed) {
        std::string wrong;
        auto visit = store::Visit::create(directory);
        if (!visit.ok()) return visit.error().detail + "; ";
        auto report = [&](const store::Finding& finding) {
            if (!allowed.contains(finding.kind)) wrong += finding.kind + " " + finding.thing + ": " + finding.found + "; ";
        };
        auto inspected = store::inspect(*visit, {.content = true, .found = report});
        return inspected.ok() ? wrong : wrong + inspected.error().detail + "; ";
    }
    std::string judge_backups(const std::filesystem::path& root) const {
        std::string wrong;
        for (const auto& [thing, allowed] : allowed_) {
            if (!thing.starts_with("backup ")) continue;
            auto directory = root / thing.substr(7);
            bool is_there = std::filesystem::exists(directory);
            if (!is_there && !allowed.contains(std::nullopt)) wrong += thing + " is missing; ";
            if (is_there) wrong += judge_contents(directory, backed_up_.at(thing)) + judge_inspection(directory.string(), {});
        }
        return wrong;
    }

    bool started_ = false;
    Allowed allowed_;  // By thing: what it may be.
    std::map<std::string, Allowed> backed_up_;
};

}  // namespace inlay::control
