// One case of a project: as a call of `inlay run`, and the judgement of what came of it.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "app/project.hpp"

namespace inlay::cli {

// What an invocation came to.
struct CaseAnswer {
    uint64_t status = 0;             // Of an invocation that failed: the one that a client would have got. 0: none was begun.
    std::string body;                // Content; of a failure, what it says.
    Pairs fields;                    // Of the response.
    uint64_t copied = 0;
    uint64_t time_us = 0;
    std::string failure;             // Why there is no response; empty where there is one.
    bool is_wrong_use = false;       // A file that the case names cannot be used, or an option.
    std::vector<std::string> log;    // Lines, as `inlay run` shows them.
};

// The arguments of the `inlay run --json` that is the case. `body_file`: the file with its body, empty for none; `output_file`: where the
// content of a successful answer goes.
std::vector<std::string> run_arguments(const Project& project, const ProjectCase& one, const std::string& body_file, const std::string& output_file);

// Understands what `inlay run --json` has said. `content`: of the output file.
CaseAnswer answer_of_run(std::string_view output, std::string_view errors, std::string content);

// What is not as the case expects it, one line each; nothing: it has passed. `expected_body`: that of its file, where it has one.
std::vector<std::string> differences(const ProjectCase& one, const CaseAnswer& answer, const std::optional<std::string>& expected_body);

}  // namespace inlay::cli
