// Values of a specification script: those that go into a call, and what is expected to come out.
#pragma once

#include <wasmtime.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

namespace inlay::spec {

// Raw: the engine's C interface has no references in its typed values.
bool is_reference(std::string_view type);

// nullopt: a reference that only a host can make.
std::optional<wasmtime_val_raw_t> value_of(const nlohmann::json& written);

// Whether `actual` is what was written; NaN patterns and alternatives included.
bool matches(const wasmtime_val_raw_t& actual, const nlohmann::json& expected);

}  // namespace inlay::spec
