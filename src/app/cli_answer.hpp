// A function's answer as a document for programs: what --json prints.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "app/cli_cost.hpp"
#include "app/cli_failure.hpp"

namespace inlay::cli {

inline constexpr size_t kDocumentContentBytesMax = size_t{256} << 20;  // Content that a document wraps.

inline constexpr size_t kFailedContentBytesMax = size_t{64} << 20;     // Content of an answer that is no success.

// {"status","cost","content_type"}; the cost is null where nobody stated it.
nlohmann::ordered_json answer_document(unsigned status, const std::optional<Cost>& cost, std::string_view content_type);

// Adds the content as "body", or as "body_base64" where it is not UTF-8.
void add_content(nlohmann::ordered_json& document, const std::string& content);
// The content in such a document; nothing where it has none.
std::string content_in(const nlohmann::ordered_json& document);

// Tells on standard error that a function answered with no success: its content and `failure`, or one document of both and
// `answer`. Gives the exit code.
int tell_failed_answer(const Failure& failure, const nlohmann::ordered_json& answer, const std::string& content, bool json);

}  // namespace inlay::cli
