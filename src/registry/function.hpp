// Function: what a worker needs to run one: limits, environment and the loaded program. Immutable.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/program.hpp"
#include "os/fd.hpp"
#include "os/file_range.hpp"
#include "store/records.hpp"

namespace inlay::registry {

struct Function {
    store::FunctionRecord record;
    std::shared_ptr<const engine::Program> program;

    // A variable given at deploy.
    std::optional<std::string_view> environment(std::string_view name) const;
};

// One version of an object, open: its bytes cannot change or go away while somebody holds this.
struct Object {
    store::ObjectRecord record;
    os::Fd file;

    os::FileRange whole() const { return {file.get(), 0, record.size_bytes}; }
};

}  // namespace inlay::registry
