// What `inlay run` gives to a function: files where they lie, and what has no place yet, received into memory.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "app/cli_run_directories.hpp"
#include "base/names.hpp"
#include "os/fd.hpp"
#include "os/pages.hpp"
#include "run/supply.hpp"

namespace inlay::cli {

// Bytes that can be mapped.
struct Input {
    os::Fd file;
    uint64_t size = 0;

    os::Pages take_pages() && { return os::Pages(std::move(file), size, os::Pages::Home::disk); }
};

// Opens FILE, or standard input for "-". A regular file is taken as it lies, whatever its size; a pipe, a terminal, or a file
// that somebody has begun to read is received into memory, up to `received_max`. Throws Failure (wrong use).
Input open_input(const std::string& path, uint64_t received_max);

// Errors: object_changed when the file is shorter now than it was when it was opened: what was read behind its end was not there.
Result<> check_not_shrunk(const os::Pages& pages, std::string_view path);

// One line of the function's log on standard error.
void show_log_line(uint64_t level, std::string_view text);

// The objects that a function may open. Outputs are not accounted for beyond the invocation's own bounds; log lines are shown at once.
class GivenObjects final : public run::Supply {
  public:
    // `pair` is BUCKET/KEY=FILE. Of several "=" the first counts behind which an existing file stands. Throws Failure (wrong use).
    void add(const std::string& pair);

    // What a directory holds are objects, too. Gives what add() of GivenDirectories does.
    std::string add_directory(const std::string& pair) { return directories_.add(pair); }
    const GivenDirectories& directories() const { return directories_; }

    Result<std::shared_ptr<const registry::Object>> get_object(const ObjectName& name) override;
    Result<run::KeyPage> list_keys(std::string_view bucket, std::string_view prefix, std::string_view after) override;
    bool may_read(const std::shared_ptr<const os::Pages>&, uint64_t, uint64_t) override { return true; }
    Result<std::shared_ptr<const os::Pages>> create_output(uint64_t size) override;
    bool take_log_line(uint64_t level, std::string_view text) override;

    // The first object that was asked for and not given.
    const std::optional<ObjectName>& first_absent() const { return first_absent_; }
    // check_not_shrunk() of all objects that were opened.
    Result<> check_opened() const;

  private:
    struct Given {
        std::string path;
        std::shared_ptr<const registry::Object> object;
        bool opened = false;
    };

    Result<std::shared_ptr<const registry::Object>> get_file(const ObjectName& name);

    std::map<std::string, Given> by_name_;  // "BUCKET/KEY".
    GivenDirectories directories_;
    std::optional<ObjectName> first_absent_;
};

}  // namespace inlay::cli
