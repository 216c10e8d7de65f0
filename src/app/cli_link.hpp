// Hands a file over to the server beside a data directory, to be an object where it lies.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/names.hpp"

namespace inlay::cli {

struct FileToLink {
    std::string path;
    std::string data_directory;  // Of the server.
    std::string content_type;    // Empty: the server's default.
};

// What the server answered: bucket, key, version, bytes, linked. Throws Failure: no such file or directory, no server there, or
// the server's reason to refuse.
nlohmann::ordered_json link_file(const ObjectName& name, const FileToLink& file);

}  // namespace inlay::cli
