// Opens inputs and hands them out.
#include "app/cli_run_inputs.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <filesystem>

#include "app/cli_encoding.hpp"
#include "app/cli_failure.hpp"
#include "base/limits.hpp"
#include "os/file.hpp"
#include "os/memfd.hpp"

namespace inlay::cli {
namespace {

namespace fs = std::filesystem;

Failure unusable(const std::string& path, const Error& error) {
    bool too_long = error.code == Errc::body_too_large;
    return wrong_use(fmt::format("{}: {}", path == "-" ? "standard input" : path, error.detail),
                     too_long ? "Write it to a file: a file is mapped, whatever its size" : "Name a readable file");
}

Result<Input> try_open(const std::string& path, uint64_t received_max) {
    Input input;
    if (path == "-") {
        input.file = os::duplicate(STDIN_FILENO);
        if (!input.file) return os_error("open");
    } else {
        INLAY_TRY(input.file, os::open_file(path));
    }
    INLAY_TRY(auto status, os::status(input.file.get()));
    // A file without a size may still give bytes: those of /proc do.
    bool lies_in_a_file = status.is_regular && status.size > 0 && os::is_at_start(input.file.get());
    if (!lies_in_a_file) {
        INLAY_TRY(input.file, os::create_memfd_from("inlay-input", input.file.get(), received_max));
        INLAY_TRY(status, os::status(input.file.get()));
    }
    input.size = status.size;
    return input;
}

// Where the name ends. A key may hold "=", and so may a path.
size_t end_of_name(const std::string& pair) {
    std::error_code ignored;
    for (size_t at = pair.find('='); at != pair.npos; at = pair.find('=', at + 1))
        if (fs::exists(pair.substr(at + 1), ignored)) return at;
    return pair.find('=');
}

}  // namespace

Input open_input(const std::string& path, uint64_t received_max) {
    auto input = try_open(path, received_max);
    if (!input.ok()) throw unusable(path, input.error());
    return std::move(input).value();
}

Result<> check_not_shrunk(const os::Pages& pages, std::string_view path) {
    INLAY_TRY(auto status, os::status(pages.fd()));
    if (status.size >= pages.size()) return {};
    return Error{Errc::object_changed, fmt::format("{} had {} bytes when it was opened and has {} now: run it again when nobody "
                                                   "truncates the file meanwhile",
                                                   path == "-" ? "standard input" : path, pages.size(), status.size)};
}

void show_log_line(uint64_t level, std::string_view text) {
    constexpr std::array<const char*, 4> kLevels{"debug", "info", "warn", "error"};
    std::fputs(fmt::format("{:5} {}\n", kLevels[std::min<uint64_t>(level, kLevels.size() - 1)], printable(text)).c_str(), stderr);  // A full disk there ends nobody.
}

void GivenObjects::add(const std::string& pair) {
    constexpr auto kForm = "Write it as --object BUCKET/KEY=FILE";
    size_t end = end_of_name(pair);
    if (end == pair.npos) throw wrong_use(fmt::format("--object {}: the = is missing", pair), kForm);
    auto name = parse_object_name(pair.substr(0, end));
    if (!name.ok()) throw wrong_use(fmt::format("--object {}: {}", pair, name.error().detail), kForm);
    auto input = open_input(pair.substr(end + 1), kBodyBytesMaxDefault);
    auto object = std::make_shared<registry::Object>();
    object->record.name = *name;
    object->record.size_bytes = input.size;
    object->pages = std::move(input).take_pages();
    bool is_new = by_name_.emplace(name->path(), Given{pair.substr(end + 1), std::move(object)}).second;
    if (!is_new) throw wrong_use(fmt::format("--object {}: {} is given twice", pair, name->path()), "Leave one out");
}

Result<std::shared_ptr<const registry::Object>> GivenObjects::get_file(const ObjectName& name) {
    INLAY_TRY(auto file, directories_.open(name));
    if (!file) return Error{Errc::object_not_found, "file " + name.key};
    INLAY_TRY(auto status, os::status(file->get()));
    if (!status.is_regular) return Error{Errc::object_not_found, "file " + name.key};
    auto object = std::make_shared<registry::Object>();
    object->record.name = name;
    object->record.size_bytes = status.size;
    object->pages = os::Pages(std::move(*file), status.size, os::Pages::Home::disk);
    return std::shared_ptr<const registry::Object>(std::move(object));
}

Result<run::KeyPage> GivenObjects::list_keys(std::string_view bucket, std::string_view prefix, std::string_view) {
    if (directories_.has(bucket)) return directories_.list(std::string(bucket), std::string(prefix));
    run::KeyPage page;
    for (const auto& [name, given] : by_name_) {
        auto parsed = parse_object_name(name);
        if (parsed.ok() && parsed->bucket == bucket && parsed->key.starts_with(prefix)) page.keys.push_back(parsed->key);
    }
    return page;
}

Result<std::shared_ptr<const registry::Object>> GivenObjects::get_object(const ObjectName& name) {
    if (directories_.has(name.bucket)) return get_file(name);
    auto found = by_name_.find(name.path());
    if (found == by_name_.end()) {
        if (!first_absent_) first_absent_ = name;
        return Error{Errc::object_not_found, "object " + name.path()};
    }
    found->second.opened = true;
    return found->second.object;
}

Result<std::shared_ptr<const os::Pages>> GivenObjects::create_output(uint64_t size) {
    INLAY_TRY(auto memory, os::create_memfd("inlay-output", size));
    return std::make_shared<const os::Pages>(std::move(memory), size, os::Pages::Home::memory);
}

bool GivenObjects::take_log_line(uint64_t level, std::string_view text) {
    show_log_line(level, text);
    return true;
}

Result<> GivenObjects::check_opened() const {
    for (const auto& [name, given] : by_name_)
        if (given.opened) INLAY_TRY_VOID(check_not_shrunk(given.object->pages, given.path));
    return {};
}

}  // namespace inlay::cli
