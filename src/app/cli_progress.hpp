// The progress bar of long transfers: on a terminal only, and only from 8 MiB on.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "app/cli_content.hpp"

namespace inlay::cli {

inline constexpr uint64_t kProgressBytesMin = 8u << 20;

// One line, at most `columns` wide: "LABEL  [#####-----]  50 %  32.0 MiB of 64.0 MiB", or the bytes alone without a total.
std::string progress_line(const std::string& label, uint64_t done, std::optional<uint64_t> total, size_t columns);

// Draws on standard error while it lives; removes the line at its end.
class Progress {
  public:
    explicit Progress(std::string label);
    ~Progress();
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    void begin(std::optional<uint64_t> total) { total_ = total; }
    void advance(uint64_t bytes);

  private:
    std::string label_;
    bool terminal_;
    bool drawn_ = false;
    uint64_t done_ = 0;
    std::optional<uint64_t> total_;
    std::chrono::steady_clock::time_point drawn_at_{};
};

// A source whose reading is shown. Valid until: `source` ends.
class ShownSource : public ContentSource {
  public:
    ShownSource(ContentSource& source, std::string label) : source_(source), progress_(std::move(label)) {
        progress_.begin(source.size_bytes());
    }
    std::optional<uint64_t> size_bytes() const override { return source_.size_bytes(); }
    size_t read(std::span<char> to) override {
        size_t count = source_.read(to);
        progress_.advance(count);
        return count;
    }

  private:
    ContentSource& source_;
    Progress progress_;
};

// A sink whose writing is shown. Valid until: `sink` ends.
class ShownSink : public ContentSink {
  public:
    ShownSink(ContentSink& sink, std::string label) : sink_(sink), progress_(std::move(label)) {}
    void begin(std::optional<uint64_t> size_bytes) override {
        sink_.begin(size_bytes);
        progress_.begin(size_bytes);
    }
    void write(std::string_view content) override {
        sink_.write(content);
        progress_.advance(content.size());
    }

  private:
    ContentSink& sink_;
    Progress progress_;
};

}  // namespace inlay::cli
