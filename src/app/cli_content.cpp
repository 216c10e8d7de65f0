// Reads and writes the content of requests and responses.
#include "app/cli_content.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>

#include "app/cli_failure.hpp"
#include "app/cli_quantity.hpp"

namespace inlay::cli {
namespace {

namespace fs = std::filesystem;

Failure file_failure(const std::string& what, const std::string& path, std::string next_step) {
    return client_failure("file", {what, fmt::format("{}: {}", path, std::strerror(errno)), std::move(next_step)});
}

void write_all(std::FILE* file, std::string_view content, const std::string& name) {
    if (std::fwrite(content.data(), 1, content.size(), file) == content.size()) return;
    if (errno == EPIPE) throw Interrupted{SIGPIPE};
    throw file_failure("Writing failed", name, "Make room, or write somewhere else with -o FILE");
}

}  // namespace

FileSource::FileSource(const std::string& path) : path_(path) {
    if (path == "-") {
        path_ = "standard input";
        file_ = stdin;
        return;
    }
    std::error_code ignored;
    if (fs::is_directory(path, ignored)) throw wrong_use(path + ": this is a directory", "Name a file, or - for standard input");
    owned_.reset(std::fopen(path.c_str(), "rbe"));
    file_ = owned_.get();
    if (!file_) throw wrong_use(fmt::format("{}: {}", path, std::strerror(errno)), "Name a readable file, or - for standard input");
    if (fs::is_regular_file(path, ignored)) {
        auto size = fs::file_size(path, ignored);
        if (!ignored) size_bytes_ = size;
    }
}

size_t FileSource::read(std::span<char> to) {
    size_t count = std::fread(to.data(), 1, to.size(), file_);
    if (count == 0 && std::ferror(file_)) throw file_failure("Reading failed", path_, "");
    return count;
}

size_t TextSource::read(std::span<char> to) {
    size_t count = text_.copy(to.data(), to.size(), position_);
    position_ += count;
    return count;
}

void StreamSink::write(std::string_view content) { write_all(stream_, content, "standard output"); }

void StreamSink::finish() {
    if (std::fflush(stream_) == 0) return;
    if (errno == EPIPE) throw Interrupted{SIGPIPE};
    throw file_failure("Writing failed", "standard output", "");
}

FileSink::FileSink(const std::string& path) : target_(path) {
    std::error_code ignored;
    if (fs::is_directory(path, ignored)) throw wrong_use(path + ": this is a directory", "Name a file with -o FILE");
    bool direct = fs::exists(path, ignored) && !fs::is_regular_file(path, ignored);
    if (!direct && fs::is_symlink(path, ignored)) {
        auto resolved = fs::weakly_canonical(path, ignored);
        if (!ignored) target_ = resolved.string();
    }
    written_ = direct ? target_ : target_ + ".part";
}

FileSink::~FileSink() {
    if (file_ && written_ != target_) std::remove(written_.c_str());
}

void FileSink::begin(std::optional<uint64_t>) {
    file_.reset(std::fopen(written_.c_str(), "wbe"));
    if (!file_) throw file_failure("The output file cannot be written", written_, "Name another one with -o FILE");
}

void FileSink::write(std::string_view content) { write_all(file_.get(), content, written_); }

void FileSink::finish() {
    if (std::fflush(file_.get()) != 0 || (written_ != target_ && std::rename(written_.c_str(), target_.c_str()) != 0))
        throw file_failure("Writing failed", written_, "Make room, or write somewhere else with -o FILE");
    file_.reset();
}

void TextSink::write(std::string_view content) {
    if (content.size() > bytes_max_ - text_.size())
        throw client_failure("answer-too-large", {"The answer is too large to be held in memory",
                                                  fmt::format("more than {}", format_size(bytes_max_)), "Write it with -o FILE"});
    text_ += content;
}

}  // namespace inlay::cli
