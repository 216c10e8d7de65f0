// The span of an invocation that has ended.
#pragma once

#include "run/outcome.hpp"
#include "run/terms.hpp"

namespace inlay::run {

// Adds it behind those of its calls, where it is traced and has ended. `began_ns`: of its first attempt.
void close_span(Outcome& outcome, std::string_view function, const Terms& terms, uint64_t began_ns);

}  // namespace inlay::run
