// Where request content comes from and where response content goes: files, standard streams, text in memory.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace inlay::cli {

// All functions of both interfaces throw Failure when the world does not play along.
class ContentSource {
  public:
    virtual ~ContentSource() = default;
    // nullopt: nobody knows before the end (a pipe).
    virtual std::optional<uint64_t> size_bytes() const = 0;
    // Fills a part of `to`. 0: the end.
    virtual size_t read(std::span<char> to) = 0;
};

class ContentSink {
  public:
    virtual ~ContentSink() = default;
    // Once, before the first write. nullopt: the size is not known yet.
    virtual void begin(std::optional<uint64_t>) {}
    virtual void write(std::string_view content) = 0;
};

struct CloseFile {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

// A file, or standard input for "-". Its size is known only for regular files.
class FileSource : public ContentSource {
  public:
    // Throws Failure (wrong use) when there is no such file.
    explicit FileSource(const std::string& path);
    std::optional<uint64_t> size_bytes() const override { return size_bytes_; }
    size_t read(std::span<char> to) override;

  private:
    std::string path_;
    File owned_;              // Empty for standard input.
    std::FILE* file_ = nullptr;
    std::optional<uint64_t> size_bytes_;
};

class TextSource : public ContentSource {
  public:
    explicit TextSource(std::string text) : text_(std::move(text)) {}
    std::optional<uint64_t> size_bytes() const override { return text_.size(); }
    size_t read(std::span<char> to) override;

  private:
    std::string text_;
    size_t position_ = 0;
};

// Writes to standard output or standard error. A closed pipe ends the command as it ends any program: Interrupted{SIGPIPE}.
class StreamSink : public ContentSink {
  public:
    // Valid until: the program ends.
    explicit StreamSink(std::FILE* stream) : stream_(stream) {}
    void write(std::string_view content) override;
    void finish();

  private:
    std::FILE* stream_;
};

// Writes FILE.part and renames it to FILE in finish(); without finish() nothing stays behind. Targets that are no regular
// files (a device, a pipe) are written directly. A symbolic link stays, its target is replaced.
class FileSink : public ContentSink {
  public:
    // Throws Failure (wrong use) when `path` is a directory.
    explicit FileSink(const std::string& path);
    ~FileSink() override;
    FileSink(const FileSink&) = delete;
    FileSink& operator=(const FileSink&) = delete;

    void begin(std::optional<uint64_t> size_bytes) override;
    void write(std::string_view content) override;
    // For content that goes there past write(). Requires: begin(), and no write().
    int descriptor() const { return ::fileno(file_.get()); }
    // Requires: begin().
    void finish();

  private:
    std::string target_;
    std::string written_;     // FILE.part, or the target itself.
    File file_;
};

// Keeps up to `bytes_max` bytes; more is a Failure.
class TextSink : public ContentSink {
  public:
    explicit TextSink(size_t bytes_max) : bytes_max_(bytes_max) {}
    void write(std::string_view content) override;
    const std::string& text() const { return text_; }

  private:
    size_t bytes_max_;
    std::string text_;
};

}  // namespace inlay::cli
