// TOML to steps: every key is known, every value within its bounds, every name there.
#include "registry/plan_reader.hpp"

#include <fmt/format.h>

#define TOML_EXCEPTIONS 0
// What it asserts is not always so ("[ a]]"); it gives an error all the same, and hostile text must end no process.
#define TOML_ASSERT(expr) static_assert(true)
#include <toml++/toml.h>

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "base/field_rules.hpp"
#include "base/names.hpp"

namespace inlay::registry {
namespace {

constexpr size_t kDotsPerLineMax = 200;

using Names = std::initializer_list<std::string_view>;

unsigned line_of(const toml::node& node) { return node.source().begin.line; }

std::string joined(Names names) {
    std::string text;
    for (auto name : names) text += fmt::format("{}{}", text.empty() ? "" : ", ", name);
    return text;
}

Result<> check_keys(const toml::table& table, std::string_view where, Names known) {
    for (const auto& [key, value] : table)
        if (std::find(known.begin(), known.end(), key.str()) == known.end())
            return wrong_plan(line_of(value), fmt::format("{} has no {:?}: it has {}", where, key.str(), joined(known)));
    return {};
}

// nullopt: it is not there. Errors: it is no text.
Result<std::optional<std::string>> find_text(const toml::table& table, std::string_view key) {
    const auto* node = table.get(key);
    if (!node) return std::optional<std::string>();
    const auto* text = node->as_string();
    if (!text) return wrong_plan(line_of(*node), fmt::format("{} is a text: write it in quotes", key));
    return std::optional<std::string>(text->get());
}

Result<std::optional<uint64_t>> find_number(const toml::table& table, std::string_view key, uint64_t least, uint64_t most) {
    const auto* node = table.get(key);
    if (!node) return std::optional<uint64_t>();
    auto number = node->value_exact<int64_t>();
    if (!number || *number < 0 || static_cast<uint64_t>(*number) < least || static_cast<uint64_t>(*number) > most)
        return wrong_plan(line_of(*node), fmt::format("{} is a number from {} to {}", key, least, most));
    return std::optional<uint64_t>(static_cast<uint64_t>(*number));
}

// nullptr: it is not there. Errors: it is no list, or a longer one.
Result<const toml::array*> find_list(const toml::table& table, std::string_view key, size_t most) {
    const auto* node = table.get(key);
    if (!node) return static_cast<const toml::array*>(nullptr);
    if (!node->is_array() || node->as_array()->size() > most)
        return wrong_plan(line_of(*node), fmt::format("{} is a list of at most {}", key, most));
    return node->as_array();
}

Result<Template> template_at(unsigned line, std::string_view text) {
    auto made = Template::parse(text);
    if (!made.ok()) return wrong_plan(line, made.error().detail);
    return made;
}

// "o/BUCKET/KEY", as in the path of a request. Gives "BUCKET/KEY".
Result<Template> object_at(unsigned line, std::string_view text) {
    if (!text.starts_with("o/")) return wrong_plan(line, fmt::format("{:?}: objects are written o/BUCKET/KEY", text));
    INLAY_TRY(auto name, template_at(line, text.substr(2)));
    auto checked = parse_object_name(name.source());
    if (name.is_fixed() && !checked.ok()) return wrong_plan(line, checked.error().detail);
    return name;
}

// ---- One step

class StepReader {
  public:
    StepReader(const toml::table& table, std::vector<Step>& steps, size_t number) : table_(table), steps_(steps), step_(steps[number]) {}

    Result<> read() {
        const auto where = fmt::format("step {:?}", step_.name);
        INLAY_TRY_VOID(check_keys(table_, where, {"function", "query", "inputs", "each", "when", "after", "retries", "timeout_ms", "accepts"}));
        INLAY_TRY(auto function, find_text(table_, "function"));
        if (!function) return wrong_plan(step_.line, fmt::format("{} names no function", where));
        step_.function = *function;
        if (auto checked = check_name("function", *function); !checked.ok()) return wrong_plan(line("function"), checked.error().detail);
        INLAY_TRY(auto query, find_text(table_, "query"));
        INLAY_TRY(step_.query, template_at(line("query"), query.value_or("")));
        if (step_.query.source().size() > kCallQueryBytesMax) return wrong_plan(line("query"), "query is too long");
        INLAY_TRY_VOID(read_each());
        INLAY_TRY_VOID(read_inputs());
        INLAY_TRY_VOID(read_when());
        INLAY_TRY_VOID(read_after());
        INLAY_TRY(auto retries, find_number(table_, "retries", 0, kStepRetriesMax));
        INLAY_TRY(auto timeout_ms, find_number(table_, "timeout_ms", 1, kTimeoutMsMax));
        step_.retries = retries.value_or(0);
        step_.timeout_ms = timeout_ms.value_or(0);
        return read_accepts();
    }

  private:
    unsigned line(std::string_view key) const {
        const auto* node = table_.get(key);
        return node ? line_of(*node) : step_.line;
    }

    void depend_on(size_t step) {
        if (std::find(step_.after.begin(), step_.after.end(), step) == step_.after.end()) step_.after.push_back(step);
    }

    Result<size_t> step_named(unsigned at, std::string_view name) {
        for (size_t i = 0; i < steps_.size(); i++)
            if (steps_[i].name == name) return i;
        return wrong_plan(at, fmt::format("there is no step {:?}", name));
    }

    // "request", "each", "o/BUCKET/KEY" or a step's name.
    Result<PlanSource> source_at(unsigned at, std::string_view text) {
        PlanSource source;
        if (text == "request") return source;
        if (text == "each") {
            if (step_.each.kind == Each::Kind::once) return wrong_plan(at, fmt::format("step {:?} has no each", step_.name));
            source.kind = PlanSource::Kind::each;
            return source;
        }
        if (text.find('/') != text.npos) {
            source.kind = PlanSource::Kind::object;
            INLAY_TRY(source.object, object_at(at, text));
            return source;
        }
        source.kind = PlanSource::Kind::step;
        INLAY_TRY(source.step, step_named(at, text));
        depend_on(source.step);
        return source;
    }

    Result<> read_inputs() {
        INLAY_TRY(auto* list, find_list(table_, "inputs", kPlanInputsMax));
        if (!list) {
            const auto kind = step_.each.kind == Each::Kind::once ? PlanSource::Kind::request : PlanSource::Kind::each;
            step_.inputs.push_back({kind, {}, 0});
            return {};
        }
        for (const auto& node : *list) {
            const auto* text = node.as_string();
            if (!text) return wrong_plan(line_of(node), "inputs are texts: \"request\", \"each\", \"o/BUCKET/KEY\" or the name of a step");
            INLAY_TRY(auto source, source_at(line_of(node), text->get()));
            step_.inputs.push_back(std::move(source));
        }
        return {};
    }

    Result<> read_each() {
        const auto* node = table_.get("each");
        if (!node) return {};
        const auto* each = node->as_table();
        if (!each) return wrong_plan(line_of(*node), "each is a table: { list = [...] }, { keys = ... }, { split = ... } or { results = ... }");
        constexpr std::pair<std::string_view, Each::Kind> kKinds[] = {
            {"list", Each::Kind::list}, {"keys", Each::Kind::keys}, {"split", Each::Kind::split}, {"results", Each::Kind::results}};
        for (const auto& [key, kind] : kKinds)
            if (each->contains(key)) step_.each.kind = kind;
        switch (step_.each.kind) {
            case Each::Kind::list: return read_list(*each);
            case Each::Kind::keys: return read_keys(*each);
            case Each::Kind::split: return read_split(*each);
            case Each::Kind::results: return read_results(*each);
            case Each::Kind::once: break;
        }
        return wrong_plan(line_of(*node), "each has one of list, keys, split, results");
    }

    Result<> read_list(const toml::table& each) {
        INLAY_TRY_VOID(check_keys(each, "each of a list", {"list"}));
        INLAY_TRY(auto* list, find_list(each, "list", kStepItemsMax));
        for (const auto& node : *list) {
            const auto* text = node.as_string();
            if (!text) return wrong_plan(line_of(node), "a list is one of texts");
            step_.each.list.push_back(text->get());
        }
        return {};
    }

    Result<> read_keys(const toml::table& each) {
        INLAY_TRY_VOID(check_keys(each, "each of keys", {"keys"}));
        INLAY_TRY(auto text, find_text(each, "keys"));
        const unsigned at = line_of(*each.get("keys"));
        const std::string_view whole = *text;
        const size_t slash = whole.find('/', 2);
        if (!whole.starts_with("o/") || slash == whole.npos) return wrong_plan(at, fmt::format("{:?}: keys are written o/BUCKET/PREFIX", whole));
        step_.each.bucket = whole.substr(2, slash - 2);
        if (auto checked = check_name("bucket", step_.each.bucket); !checked.ok()) return wrong_plan(at, checked.error().detail);
        INLAY_TRY(step_.each.prefix, template_at(at, whole.substr(slash + 1)));
        return {};
    }

    Result<> read_split(const toml::table& each) {
        INLAY_TRY_VOID(check_keys(each, "each of a split", {"split", "by", "record_bytes", "pieces", "piece_bytes"}));
        auto& to = step_.each;
        INLAY_TRY(auto text, find_text(each, "split"));
        const unsigned at = line_of(*each.get("split"));
        if (*text == "each") return wrong_plan(at, "what is split is \"request\", \"o/BUCKET/KEY\" or a step");
        INLAY_TRY(to.source, source_at(at, *text));
        INLAY_TRY(auto by, find_text(each, "by"));
        if (!by || *by == "bytes")
            to.by = Each::By::bytes;
        else if (*by == "lines")
            to.by = Each::By::lines;
        else if (*by == "records")
            to.by = Each::By::records;
        else
            return wrong_plan(line_of(*each.get("by")), fmt::format("by = {:?}: write bytes, lines or records", *by));
        INLAY_TRY(auto record_bytes, find_number(each, "record_bytes", 1, kStreamBytesMax));
        if (record_bytes.has_value() != (to.by == Each::By::records)) return wrong_plan(at, "record_bytes goes with by = \"records\", and only with that");
        to.record_bytes = record_bytes.value_or(1);
        INLAY_TRY(auto pieces, find_number(each, "pieces", 1, kStepItemsMax));
        INLAY_TRY(auto piece_bytes, find_number(each, "piece_bytes", 1, kStreamBytesMax));
        if (pieces.has_value() == piece_bytes.has_value()) return wrong_plan(at, "a split says pieces or piece_bytes");
        to.pieces = pieces.value_or(0);
        to.piece_bytes = piece_bytes.value_or(0);
        return {};
    }

    Result<> read_results(const toml::table& each) {
        INLAY_TRY_VOID(check_keys(each, "each of results", {"results"}));
        INLAY_TRY(auto name, find_text(each, "results"));
        const unsigned at = line_of(*each.get("results"));
        INLAY_TRY(step_.each.source.step, step_named(at, *name));
        step_.each.source.kind = PlanSource::Kind::step;
        depend_on(step_.each.source.step);
        return {};
    }

    Result<> read_when() {
        const auto* node = table_.get("when");
        if (!node) return {};
        const auto* when = node->as_table();
        const unsigned at = line_of(*node);
        if (!when) return wrong_plan(at, "when is a table: { step = NAME, is_empty = true }, { step = NAME, status = 404 } or { query = NAME, is = VALUE }");
        INLAY_TRY_VOID(check_keys(*when, "when", {"step", "is_empty", "status", "query", "is"}));
        INLAY_TRY(auto step, find_text(*when, "step"));
        INLAY_TRY(auto parameter, find_text(*when, "query"));
        INLAY_TRY(auto value, find_text(*when, "is"));
        INLAY_TRY(auto status, find_number(*when, "status", 200, 599));
        const auto* is_empty = when->get("is_empty");
        if (is_empty && !is_empty->is_boolean()) return wrong_plan(at, "is_empty is true or false");
        const bool of_step = step && !parameter && !value && (is_empty != nullptr) != status.has_value();
        const bool of_query = parameter && value && !step && !is_empty && !status;
        if (!of_step && !of_query) return wrong_plan(at, "when has step with is_empty or status, or query with is");
        auto& to = step_.when;
        if (of_query) {
            to.kind = When::Kind::parameter;
            to.parameter = *parameter;
            to.value = *value;
            return {};
        }
        INLAY_TRY(to.step, step_named(at, *step));
        depend_on(to.step);
        to.kind = status ? When::Kind::status : *is_empty->value<bool>() ? When::Kind::is_empty : When::Kind::has_content;
        to.status = static_cast<unsigned>(status.value_or(0));
        return {};
    }

    Result<> read_after() {
        INLAY_TRY(auto* list, find_list(table_, "after", kPlanStepsMax));
        if (!list) return {};
        for (const auto& node : *list) {
            const auto* name = node.as_string();
            if (!name) return wrong_plan(line_of(node), "after is a list of steps");
            INLAY_TRY(size_t step, step_named(line_of(node), name->get()));
            depend_on(step);
        }
        return {};
    }

    Result<> read_accepts() {
        INLAY_TRY(auto* list, find_list(table_, "accepts", 200));
        if (!list) return {};
        for (const auto& node : *list) {
            auto status = node.value_exact<int64_t>();
            if (!status || *status < 400 || *status > 599) return wrong_plan(line_of(node), "accepts is a list of statuses from 400 to 599");
            step_.accepts.push_back(static_cast<unsigned>(*status));
        }
        return {};
    }

    const toml::table& table_;
    std::vector<Step>& steps_;
    Step& step_;
};

// ---- The whole

// What toml++ 3.3 must not be given. Each dot of a key is a table in a table, and what reads and frees these has a stack: 64 KiB of dots would
// be too much for it. Of letters beyond ASCII some run into what it takes for unreachable.
Result<> check_text(std::string_view text) {
    unsigned line = 1;
    size_t dots = 0;
    for (char c : text) {
        if (static_cast<unsigned char>(c) >= 0x80) return wrong_plan(line, "a plan is ASCII: write other letters as \\uXXXX, in texts");
        if (c == '.' && ++dots > kDotsPerLineMax) return wrong_plan(line, fmt::format("more than {} dots in one line", kDotsPerLineMax));
        if (c != '\n') continue;
        line++;
        dots = 0;
    }
    return {};
}

// The steps with their names, in the order in which they stand; the table of each beside.
Result<std::vector<const toml::table*>> name_steps(const toml::table& root, std::vector<Step>& steps) {
    const auto* node = root.get("step");
    const auto* all = node ? node->as_table() : nullptr;
    if (!all || all->empty()) return wrong_plan(node ? line_of(*node) : 0, "it has no steps: write [step.NAME] and what it is");
    if (all->size() > kPlanStepsMax) return wrong_plan(line_of(*node), fmt::format("it has more than {} steps", kPlanStepsMax));
    std::vector<std::pair<const toml::table*, std::string>> found;
    for (const auto& [key, value] : *all) {
        if (!value.is_table()) return wrong_plan(line_of(value), fmt::format("step.{} is no table: write [step.{}]", key.str(), key.str()));
        if (auto checked = check_name("step", key.str()); !checked.ok()) return wrong_plan(line_of(value), checked.error().detail);
        if (key.str() == "request" || key.str() == "each") return wrong_plan(line_of(value), fmt::format("{:?} is no name for a step", key.str()));
        found.emplace_back(value.as_table(), std::string(key.str()));
    }
    auto place = [](const auto& one) { return std::pair(one.first->source().begin.line, one.first->source().begin.column); };
    std::stable_sort(found.begin(), found.end(), [&](const auto& a, const auto& b) { return place(a) < place(b); });
    std::vector<const toml::table*> tables;
    for (auto& [table, name] : found) {
        tables.push_back(table);
        Step& step = steps.emplace_back();
        step.name = std::move(name);
        step.line = line_of(*table);
    }
    return tables;
}

Result<> read_result(const toml::table& root, Plan& plan) {
    plan.result = plan.steps.size() - 1;
    const auto* node = root.get("pipeline");
    if (!node) return {};
    const auto* table = node->as_table();
    if (!table) return wrong_plan(line_of(*node), "pipeline is a table: write [pipeline]");
    INLAY_TRY_VOID(check_keys(*table, "pipeline", {"description", "result", "store", "content_type"}));
    INLAY_TRY_VOID(find_text(*table, "description"));
    INLAY_TRY(auto result, find_text(*table, "result"));
    if (result) {
        auto named = std::find_if(plan.steps.begin(), plan.steps.end(), [&](const Step& step) { return step.name == *result; });
        if (named == plan.steps.end()) return wrong_plan(line_of(*table->get("result")), fmt::format("there is no step {:?}", *result));
        plan.result = static_cast<size_t>(named - plan.steps.begin());
    }
    INLAY_TRY(auto store, find_text(*table, "store"));
    if (store) {
        INLAY_TRY(plan.store, object_at(line_of(*table->get("store")), *store));
    }
    INLAY_TRY(auto type, find_text(*table, "content_type"));
    plan.content_type = type.value_or("");
    if (plan.content_type.size() > kContentTypeBytesMax || !is_field_value(plan.content_type))
        return wrong_plan(line_of(*table->get("content_type")), "content_type is no media type");
    return {};
}

}  // namespace

Result<Plan> read_plan(std::string_view text) {
    INLAY_TRY_VOID(check_text(text));
    auto parsed = toml::parse(text);
    if (!parsed) return wrong_plan(parsed.error().source().begin.line, parsed.error().description());
    const auto& root = parsed.table();
    INLAY_TRY_VOID(check_keys(root, "a pipeline", {"pipeline", "step"}));
    Plan plan;
    plan.text = text;
    INLAY_TRY(auto tables, name_steps(root, plan.steps));
    for (size_t i = 0; i < tables.size(); i++) INLAY_TRY_VOID(StepReader(*tables[i], plan.steps, i).read());
    INLAY_TRY_VOID(read_result(root, plan));
    return plan;
}

}  // namespace inlay::registry
