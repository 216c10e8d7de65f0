// The commands about objects: put, get, ls, stat, rm.
#pragma once

#include <string>

#include "app/cli_command_line.hpp"
#include "base/names.hpp"
#include "control/options.hpp"

namespace inlay::cli {

class ObjectCommands {
  public:
    // Adds the commands. Requires: this outlives `line`'s run.
    explicit ObjectCommands(CommandLine& line);
    ObjectCommands(const ObjectCommands&) = delete;
    ObjectCommands& operator=(const ObjectCommands&) = delete;

  private:
    int put(const Client& client) const;
    int link(const Client& client, const ObjectName& name) const;
    int get(const Client& client) const;
    int list(const Client& client) const;
    int stat(const Client& client) const;
    int remove(const Client& client) const;
    int list_buckets(const Client& client) const;
    int list_keys(const Client& client, const std::string& bucket, const std::string& prefix) const;

    std::string object_;        // BUCKET/KEY, for ls BUCKET[/PREFIX] or nothing.
    std::string file_;          // Empty: standard output.
    std::string content_type_;
    bool link_ = false;
    std::string data_directory_ = control::ServeOptions().data_directory;
};

// An ETag's content: `"7"` and `W/"7"` become `7`.
std::string etag_to_version(std::string_view etag);

}  // namespace inlay::cli
