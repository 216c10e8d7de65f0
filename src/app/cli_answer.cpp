// Wraps an answer's parts.
#include "app/cli_answer.hpp"

#include <nlohmann/json.hpp>

#include "app/cli_content.hpp"
#include "app/cli_encoding.hpp"
#include "base/names.hpp"

namespace inlay::cli {
namespace {

using nlohmann::ordered_json;

ordered_json cost_document(const Cost& cost) {
    return {{"mapped", cost.mapped_bytes},
            {"copied", cost.copied_bytes},
            {"private", cost.private_bytes},
            {"instantiate_us", cost.instantiate_us},
            {"run_us", cost.run_us}};
}

}  // namespace

ordered_json answer_document(unsigned status, const std::optional<Cost>& cost, std::string_view content_type) {
    return {{"status", status}, {"cost", cost ? cost_document(*cost) : ordered_json()}, {"content_type", content_type}};
}

void add_content(ordered_json& document, const std::string& content) {
    if (is_utf8(content)) {
        document["body"] = content;
    } else {
        document["body_base64"] = base64(content);
    }
}

std::string content_in(const ordered_json& document) {
    return document.contains("body_base64") ? from_base64(document.value("body_base64", "")).value_or("") : document.value("body", "");
}

int tell_failed_answer(const Failure& failure, const ordered_json& answer, const std::string& content, bool json) {
    StreamSink error(stderr);
    if (json) {
        auto document = ordered_json::parse(failure_json(failure));
        document.update(answer);
        add_content(document, content);
        error.write(document.dump() + "\n");
    } else {
        error.write(content);
        if (!content.empty() && content.back() != '\n') error.write("\n");
        error.write(failure_line(failure) + "\n");
    }
    error.finish();
    return kExitFailed;
}

}  // namespace inlay::cli
