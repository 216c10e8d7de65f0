// Sets up spdlog for one process.
#include "base/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>

#include <cstdlib>
#include <memory>
#include <string>

namespace inlay {

void start_log(std::string_view kind) {
    auto logger = std::make_shared<spdlog::logger>(std::string(kind), std::make_shared<spdlog::sinks::stderr_sink_mt>());
    logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %n[%P] %l: %v", spdlog::pattern_time_type::utc);
    const char* level = std::getenv("INLAY_LOG");
    logger->set_level(level ? spdlog::level::from_str(level) : spdlog::level::info);
    spdlog::set_default_logger(std::move(logger));
}

}  // namespace inlay
