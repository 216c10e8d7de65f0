// TOML to a project: every key is known, every value within its bounds.
#include "app/project.hpp"

#include <fmt/format.h>

#define TOML_EXCEPTIONS 0
// What it asserts is not always so ("[ a]]"); it gives an error all the same, and hostile text must end no process.
#define TOML_ASSERT(expr) static_assert(true)
#include <toml++/toml.h>

#include <algorithm>
#include <filesystem>
#include <initializer_list>
#include <set>

#include "app/cli_failure.hpp"
#include "base/limits.hpp"
#include "base/names.hpp"
#include "os/file.hpp"

namespace inlay::cli {
namespace {

namespace fs = std::filesystem;

constexpr size_t kDotsPerLineMax = 200;
constexpr uint64_t kAnyNumber = INT64_MAX;

using Names = std::initializer_list<std::string_view>;

Error wrong(unsigned line, std::string_view what) { return Error{Errc::bad_request, fmt::format("line {}: {}", line, what)}; }

unsigned line_of(const toml::node& node) { return node.source().begin.line; }

Result<> check_keys(const toml::table& table, std::string_view where, Names known) {
    for (const auto& [key, value] : table)
        if (std::find(known.begin(), known.end(), key.str()) == known.end())
            return wrong(line_of(value), fmt::format("{} has no {:?}: it has {}", where, key.str(), fmt::join(known, ", ")));
    return {};
}

// What toml++ 3.3 must not be given: see read_plan. Each dot of a key is a table in a table, and what reads these has a stack; of letters
// beyond ASCII some run into what it takes for unreachable.
Result<> check_text(std::string_view text) {
    unsigned line = 1;
    size_t dots = 0;
    for (char c : text) {
        if (static_cast<unsigned char>(c) >= 0x80) return wrong(line, "this file is ASCII: write other letters as \\uXXXX, in quotes");
        if (c == '.' && ++dots > kDotsPerLineMax) return wrong(line, fmt::format("more than {} dots in one line: put long texts into files", kDotsPerLineMax));
        if (c != '\n') continue;
        line++;
        dots = 0;
    }
    return {};
}

// One table, asked for its values by name. Absent is nullopt; another type is an error.
class TableReader {
  public:
    TableReader(const toml::table& table, std::string_view where) : table_(table), where_(where) {}

    unsigned line(std::string_view key) const {
        const auto* node = table_.get(key);
        return line_of(node ? *node : static_cast<const toml::node&>(table_));
    }

    Result<std::optional<std::string>> find_text(std::string_view key) const {
        const auto* node = table_.get(key);
        if (!node) return std::optional<std::string>();
        if (!node->is_string()) return wrong(line_of(*node), fmt::format("{} is a text: write it in quotes", key));
        const auto& text = node->as_string()->get();
        INLAY_TRY_VOID(check_argument(line_of(*node), key, text));
        return std::optional<std::string>(text);
    }

    Result<std::string> get_text(std::string_view key) const {
        INLAY_TRY(auto text, find_text(key));
        if (!text || text->empty()) return wrong(line(key), fmt::format("{} has no {}: write {} = \"...\"", where_, key, key));
        return std::move(*text);
    }

    Result<std::optional<uint64_t>> find_number(std::string_view key, uint64_t least, uint64_t most) const {
        const auto* node = table_.get(key);
        if (!node) return std::optional<uint64_t>();
        auto number = node->value_exact<int64_t>();
        if (!number || *number < 0 || static_cast<uint64_t>(*number) < least || static_cast<uint64_t>(*number) > most)
            return wrong(line_of(*node), fmt::format("{} is a number from {} to {}", key, least, most));
        return std::optional<uint64_t>(static_cast<uint64_t>(*number));
    }

    Result<bool> find_flag(std::string_view key) const {
        const auto* node = table_.get(key);
        if (!node) return false;
        if (!node->is_boolean()) return wrong(line_of(*node), fmt::format("{} is true or false", key));
        return *node->value<bool>();
    }

    // A table of texts and whole numbers, by name.
    Result<Pairs> find_pairs(std::string_view key) const {
        Pairs pairs;
        const auto* node = table_.get(key);
        if (!node) return pairs;
        const auto* all = node->as_table();
        if (!all || all->size() > kProjectPairsMax)
            return wrong(line_of(*node), fmt::format("{0} is a table of at most {1}: write {0} = {{ NAME = \"VALUE\" }}", key, kProjectPairsMax));
        TableReader reader(*all, key);
        for (const auto& [name, value] : *all) {
            if (auto number = value.value_exact<int64_t>()) {
                pairs.emplace_back(std::string(name.str()), std::to_string(*number));
                continue;
            }
            INLAY_TRY(auto text, reader.find_text(name.str()));
            pairs.emplace_back(std::string(name.str()), std::move(*text));
        }
        return pairs;
    }

    // A text, or a list of them.
    Result<std::vector<std::string>> find_texts(std::string_view key) const {
        std::vector<std::string> texts;
        const auto* node = table_.get(key);
        const auto* list = node ? node->as_array() : nullptr;
        if (!list) {
            INLAY_TRY(auto text, find_text(key));
            if (text) texts.push_back(std::move(*text));
            return texts;
        }
        for (const auto& one : *list) {
            if (!one.is_string() || texts.size() == kProjectPairsMax)
                return wrong(line_of(one), fmt::format("{} is a text, or a list of at most {} texts", key, kProjectPairsMax));
            texts.push_back(one.as_string()->get());
            INLAY_TRY_VOID(check_argument(line_of(one), key, texts.back()));
        }
        return texts;
    }

    // A file of the project: relative. nullopt: it is not said.
    Result<std::optional<std::string>> find_file(std::string_view key) const {
        INLAY_TRY(auto file, find_text(key));
        if (file) INLAY_TRY_VOID(check_file(line(key), *file));
        return file;
    }

    static Result<> check_file(unsigned line, const std::string& file) {
        if (file.empty() || fs::path(file).is_absolute()) return wrong(line, fmt::format("{:?}: name a file from the project's directory", file));
        return {};
    }

  private:
    // Text becomes arguments of programs, which end at a byte 0.
    static Result<> check_argument(unsigned line, std::string_view key, std::string_view text) {
        if (text.find('\0') != text.npos) return wrong(line, fmt::format("{} holds a byte 0: put it into a file", key));
        return {};
    }

    const toml::table& table_;
    std::string_view where_;
};

Result<const toml::table*> find_table(const toml::table& root, std::string_view key) {
    const auto* node = root.get(key);
    if (node && !node->is_table()) return wrong(line_of(*node), fmt::format("{0} is a table: write [{0}]", key));
    return node ? node->as_table() : static_cast<const toml::table*>(nullptr);
}

Result<DeployOptions> read_deploy(const toml::table& table) {
    TableReader reader(table, "deploy");
    INLAY_TRY_VOID(check_keys(table, "deploy", {"class", "timeout", "memory", "isolate", "warm", "limit", "env", "dir"}));
    DeployOptions options;
    INLAY_TRY(auto run_class, reader.find_text("class"));
    INLAY_TRY(auto timeout, reader.find_text("timeout"));
    INLAY_TRY(auto memory, reader.find_text("memory"));
    INLAY_TRY(options.isolate, reader.find_flag("isolate"));
    INLAY_TRY(options.warm, reader.find_flag("warm"));
    INLAY_TRY(options.directories, reader.find_texts("dir"));
    INLAY_TRY(auto limits, reader.find_pairs("limit"));
    INLAY_TRY(auto env, reader.find_pairs("env"));
    options.run_class = run_class.value_or("");
    options.timeout = timeout.value_or("");
    options.memory = memory.value_or("");
    for (const auto& [name, value] : limits) options.limits.push_back(name + "=" + value);
    for (const auto& [name, value] : env) options.env.push_back(name + "=" + value);
    try {
        (void)deploy_query(options);
    } catch (const Failure& failure) {
        const auto option = failure.detail.substr(0, failure.detail.find(' '));  // "--timeout", which is `timeout` here.
        return wrong(reader.line(std::string_view(option).substr(std::min<size_t>(2, option.size()))), fmt::format("[deploy] {}. {}", failure.detail, failure.next_step));
    }
    return options;
}

Result<ProjectCase> read_case(const toml::table& table, const std::set<std::string>& taken) {
    TableReader reader(table, "case");
    INLAY_TRY_VOID(check_keys(table, "case", {"name", "method", "path", "query", "headers", "body", "body_file", "objects", "dir", "arguments", "expect_status", "expect_body",
                                              "expect_body_file", "expect_contains", "expect_headers", "copied_max", "time_ms_max"}));
    ProjectCase one;
    one.line = line_of(table);
    INLAY_TRY(one.name, reader.get_text("name"));
    if (taken.contains(one.name)) return wrong(reader.line("name"), fmt::format("there is a case {:?} already", one.name));
    INLAY_TRY(auto method, reader.find_text("method"));
    INLAY_TRY(auto path, reader.find_text("path"));
    one.method = method.value_or("");
    one.path = path.value_or("");
    if (!one.path.empty() && one.path.front() != '/') return wrong(reader.line("path"), "path is what stands behind /f/NAME, and begins with /");
    INLAY_TRY(one.query, reader.find_pairs("query"));
    INLAY_TRY(one.headers, reader.find_pairs("headers"));
    INLAY_TRY(one.objects, reader.find_pairs("objects"));
    for (const auto& [object, file] : one.objects) {
        if (auto name = parse_object_name(object); !name.ok()) return wrong(reader.line("objects"), name.error().detail);
        INLAY_TRY_VOID(TableReader::check_file(reader.line("objects"), file));
    }
    INLAY_TRY(one.directories, reader.find_texts("dir"));
    INLAY_TRY(one.arguments, reader.find_texts("arguments"));
    INLAY_TRY(one.body, reader.find_text("body"));
    INLAY_TRY(one.body_file, reader.find_file("body_file"));
    if (one.body && one.body_file) return wrong(reader.line("body_file"), "a case has body or body_file, not both");
    INLAY_TRY(auto status, reader.find_number("expect_status", 200, 599));
    one.expect_status = status.value_or(one.expect_status);
    INLAY_TRY(one.expect_body, reader.find_text("expect_body"));
    INLAY_TRY(one.expect_body_file, reader.find_file("expect_body_file"));
    if (one.expect_body && one.expect_body_file) return wrong(reader.line("expect_body_file"), "a case has expect_body or expect_body_file, not both");
    INLAY_TRY(one.expect_contains, reader.find_texts("expect_contains"));
    INLAY_TRY(one.expect_headers, reader.find_pairs("expect_headers"));
    INLAY_TRY(one.copied_max, reader.find_number("copied_max", 0, kAnyNumber));
    INLAY_TRY(one.time_ms_max, reader.find_number("time_ms_max", 1, kTimeoutMsMax));
    return one;
}

Result<std::vector<ProjectCase>> read_cases(const toml::table& root) {
    std::vector<ProjectCase> cases;
    const auto* node = root.get("case");
    if (!node) return cases;
    const auto* list = node->as_array();
    if (!list || list->size() > kProjectCasesMax) return wrong(line_of(*node), fmt::format("cases are written [[case]], at most {} of them", kProjectCasesMax));
    std::set<std::string> taken;
    for (const auto& one : *list) {
        if (!one.is_table()) return wrong(line_of(one), "cases are written [[case]]");
        INLAY_TRY(auto made, read_case(*one.as_table(), taken));
        taken.insert(made.name);
        cases.push_back(std::move(made));
    }
    return cases;
}

}  // namespace

Result<Project> parse_project(std::string_view text) {
    INLAY_TRY_VOID(check_text(text));
    auto parsed = toml::parse(text);
    if (!parsed) return wrong(parsed.error().source().begin.line, parsed.error().description());
    const auto& root = parsed.table();
    TableReader reader(root, "the project");
    INLAY_TRY_VOID(check_keys(root, "the project", {"name", "lang", "build", "deploy", "case"}));
    Project project;
    INLAY_TRY(project.name, reader.get_text("name"));
    if (auto checked = check_name("function", project.name); !checked.ok()) return wrong(reader.line("name"), checked.error().detail);
    INLAY_TRY(project.lang, reader.get_text("lang"));
    if (std::find(std::begin(kProjectLanguages), std::end(kProjectLanguages), project.lang) == std::end(kProjectLanguages))
        return wrong(reader.line("lang"), fmt::format("lang = {:?}: write one of {}", project.lang, fmt::join(kProjectLanguages, ", ")));
    INLAY_TRY(auto* build, find_table(root, "build"));
    if (!build) return wrong(1, "there is no [build]: write its command and the module that it makes");
    INLAY_TRY_VOID(check_keys(*build, "build", {"command", "module"}));
    TableReader building(*build, "build");
    INLAY_TRY(project.build_command, building.get_text("command"));
    INLAY_TRY(project.module, building.get_text("module"));
    INLAY_TRY_VOID(TableReader::check_file(building.line("module"), project.module));
    INLAY_TRY(auto* deploy, find_table(root, "deploy"));
    if (deploy) {
        INLAY_TRY(project.deploy, read_deploy(*deploy));
    }
    INLAY_TRY(project.cases, read_cases(root));
    return project;
}

Project read_project(const std::string& directory) {
    const std::string path = directory + "/" + std::string(kProjectFile);
    auto file = os::open_file(path);
    if (!file.ok()) throw wrong_use(fmt::format("{}: there is no project here", path), "Name the project's directory, or make one with inlay new NAME --lang c");
    auto text = os::read_from_start(file->get(), kProjectBytesMax);
    if (!text.ok()) throw wrong_use(fmt::format("{}: {}", path, text.error().detail), fmt::format("It has at most {} bytes", kProjectBytesMax));
    auto project = parse_project(*text);
    if (!project.ok()) throw wrong_use(fmt::format("{}, {}", path, project.error().detail), "See docs/projects.md");
    project->directory = directory.starts_with('-') ? "./" + directory : directory;  // It becomes a part of arguments.
    return std::move(*project);
}

}  // namespace inlay::cli
