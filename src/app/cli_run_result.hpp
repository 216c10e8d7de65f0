// RunResult: what becomes of an outcome of `inlay run`: files for what was published, content where it is wanted, an exit code.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "app/cli_client.hpp"
#include "app/cli_content.hpp"
#include "app/cli_cost.hpp"
#include "app/cli_failure.hpp"
#include "app/cli_run_publish.hpp"
#include "base/names.hpp"
#include "run/outcome.hpp"

namespace inlay::cli {

struct ResultOptions {
    std::string function;
    std::string output_file;        // Empty or "-": standard output.
    std::string publish_directory;  // Empty: published objects are only told of,
    std::map<std::string, std::filesystem::path> buckets;  // but for those of these.
    bool cost = false;
    Output output = Output::text;
};

class RunResult {
  public:
    // Throws Failure (wrong use) for an output file that is a directory.
    explicit RunResult(ResultOptions options);

    // Tells all of it. `unchanged` says whether the inputs still are what was read; nothing takes effect otherwise.
    // Result: the exit code. Throws Failure.
    int tell(run::Outcome& outcome, const std::function<Result<>()>& unchanged, const std::optional<ObjectName>& absent);

  private:
    // Makes effects real. Errors: of publication; what `unchanged` says.
    Result<> publish(run::Completed& completed, run::Cost& cost, const std::function<Result<>()>& unchanged) const;
    void tell_published(const run::Completed& completed) const;
    void write_content(const run::Response& response);
    nlohmann::ordered_json document_of(const run::Completed& completed, const Cost& cost) const;
    int fail(Failure failure, const run::Completed& completed, const Cost& cost) const;

    ResultOptions options_;
    std::optional<FileSink> file_;
};

// The value of Content-Type in a response's fields; what a server would say where there is none.
std::string content_type_of(const run::Response& response);

}  // namespace inlay::cli
