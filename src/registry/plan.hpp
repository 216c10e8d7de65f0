// Plan: what a pipeline does: its steps, what each is given, and what comes of the last. Read from TOML; docs/pipelines.md has the language.
//
//     [step.count]
//     function = "wordfreq"
//     query    = "part=1"
//     each     = { split = "o/texts/{rest}", by = "lines", piece_bytes = 16_000_000 }
//
//     [step.add]
//     function = "wordfreq"
//     query    = "merge=1"
//     inputs   = ["count"]
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.hpp"
#include "base/result.hpp"

namespace inlay::registry {

// Text with placeholders: {rest} stands for what follows the pipeline's name in the path, {query.NAME} for a parameter.
class Template {
  public:
    struct Part {
        enum class Kind { text, rest, parameter } kind = Kind::text;
        std::string text;  // Or the parameter's name.
    };

    // Errors: bad_request: a brace that ends nowhere, an unknown placeholder.
    static Result<Template> parse(std::string_view text);

    const std::string& source() const { return source_; }
    const std::vector<Part>& parts() const { return parts_; }
    bool is_fixed() const { return parts_.empty() || (parts_.size() == 1 && parts_.front().kind == Part::Kind::text); }

  private:
    std::string source_;
    std::vector<Part> parts_;
};

// Where content comes from.
struct PlanSource {
    enum class Kind { request, each, object, step };
    Kind kind = Kind::request;
    Template object;  // "BUCKET/KEY".
    size_t step = 0;  // By its place in Plan::steps.
};

// What a step is called for, once for each.
struct Each {
    enum class Kind { once, list, keys, split, results };
    enum class By { bytes, lines, records };
    Kind kind = Kind::once;
    std::vector<std::string> list;
    std::string bucket;        // keys: of this,
    Template prefix;           // those that begin so.
    PlanSource source;         // split, results: of this.
    By by = By::bytes;
    uint64_t record_bytes = 1;
    uint64_t pieces = 0;       // So many, or
    uint64_t piece_bytes = 0;  // of this size; the other one is 0.
};

// When a step is called at all.
struct When {
    enum class Kind { always, is_empty, has_content, status, parameter };
    Kind kind = Kind::always;
    size_t step = 0;
    unsigned status = 0;
    std::string parameter, value;
};

struct Step {
    std::string name;
    unsigned line = 0;
    std::string function;
    Template query;
    std::vector<PlanSource> inputs;
    Each each;
    When when;
    std::vector<size_t> after;  // Every step that has to have ended before, each once.
    uint64_t retries = 0;
    uint64_t timeout_ms = 0;    // Of each call; 0: what its function and the pipeline have.
    std::vector<unsigned> accepts;  // Statuses from 400 on that are no failures.
};

struct Plan {
    std::string text;
    std::vector<Step> steps;   // As they stand in the text.
    std::vector<size_t> order; // Each after all that it depends on.
    size_t result = 0;
    std::optional<Template> store;  // The result becomes this object, "BUCKET/KEY".
    std::string content_type;       // Of that.

    // Errors: bad_request, with the line: not TOML; keys, steps or inputs that do not exist; circles; values out of bounds.
    static Result<Plan> parse(std::string_view text);
};

// What stands at a line of a plan and is wrong.
Error wrong_plan(unsigned line, std::string_view what);

}  // namespace inlay::registry
