// Draws the progress bar.
#include "app/cli_progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "app/cli_quantity.hpp"

namespace inlay::cli {
namespace {

constexpr size_t kColumns = 79;
constexpr size_t kBarColumnsMax = 30;
constexpr size_t kBarColumnsMin = 10;
constexpr auto kDrawInterval = std::chrono::milliseconds(100);

}  // namespace

std::string progress_line(const std::string& label, uint64_t done, std::optional<uint64_t> total, size_t columns) {
    if (!total || *total == 0) return fmt::format("{}  {}", label, format_size(done)).substr(0, columns);
    double share = std::min(1.0, static_cast<double>(done) / static_cast<double>(*total));
    auto numbers = fmt::format("{:3.0f} %  {} of {}", share * 100, format_size(done), format_size(*total));
    size_t taken = label.size() + numbers.size() + 6;
    size_t bar = columns > taken ? std::min(columns - taken, kBarColumnsMax) : 0;
    if (bar < kBarColumnsMin) return fmt::format("{}  {}", label, numbers).substr(0, columns);
    auto filled = static_cast<size_t>(share * static_cast<double>(bar));
    return fmt::format("{}  [{}{}]  {}", label, std::string(filled, '#'), std::string(bar - filled, '-'), numbers);
}

Progress::Progress(std::string label) : label_(std::move(label)), terminal_(isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() {
    if (drawn_) std::fputs("\r\x1b[K", stderr);
}

void Progress::advance(uint64_t bytes) {
    done_ += bytes;
    if (!terminal_ || total_.value_or(done_) < kProgressBytesMin) return;
    auto now = std::chrono::steady_clock::now();
    if (drawn_ && now - drawn_at_ < kDrawInterval) return;
    drawn_ = true;
    drawn_at_ = now;
    std::fprintf(stderr, "\r%s\x1b[K", progress_line(label_, done_, total_, kColumns).c_str());
    std::fflush(stderr);
}

}  // namespace inlay::cli
