// Reads what a plan's TOML says, without asking whether its steps can be put in order.
#pragma once

#include <string_view>

#include "base/result.hpp"
#include "registry/plan.hpp"

namespace inlay::registry {

// Errors: bad_request, with the line.
Result<Plan> read_plan(std::string_view text);

}  // namespace inlay::registry
