// The directories that `inlay run` gives to a WASI program: each is a bucket whose objects are the files below it.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/names.hpp"
#include "base/result.hpp"
#include "os/fd.hpp"
#include "run/supply.hpp"

namespace inlay::cli {

class GivenDirectories {
  public:
    // `pair` is NAME=PATH, or NAME=PATH:ro. Gives it as a deploy would say it: NAME=BUCKET or NAME=BUCKET:w. Throws Failure (wrong use).
    std::string add(const std::string& pair);

    bool has(std::string_view bucket) const { return roots_.contains(std::string(bucket)); }
    // The file of an object; nullopt: there is none, or it lies behind a link that leads out. Requires: has(its bucket).
    Result<std::optional<os::Fd>> open(const ObjectName& name) const;
    // What lies in the directory `prefix` ("", or ends in "/"), and it itself: files, and directories with a slash behind them; not what lies in
    // those, because trees may be huge. Requires: has(bucket). Errors: overloaded: more than kWasiKeysMax.
    Result<run::KeyPage> list(const std::string& bucket, const std::string& prefix) const;
    // Where each of them is.
    std::map<std::string, std::filesystem::path> paths() const;

  private:
    struct Root {
        std::filesystem::path path;
        os::Fd directory;
    };
    std::map<std::string, Root> roots_;  // By bucket.
};

}  // namespace inlay::cli
