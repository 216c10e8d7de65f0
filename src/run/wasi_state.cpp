// The table of descriptors, and how it ends.
#include "run/wasi_state.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "../../abi/inlay.h"
#include "base/clock.hpp"
#include "base/text_list.hpp"
#include "engine/program.hpp"
#include "run/wasi_cgi.hpp"
#include "run/wasi_objects.hpp"

namespace inlay::run::wasi {
namespace {

File stream(File::Kind kind, uint64_t rights) {
    File file;
    file.kind = kind;
    file.rights = rights | rights::kStream;
    return file;
}

File directory(std::string name, Location location) {
    File file;
    file.kind = File::Kind::directory;
    file.rights = rights::kReadDirectory | (location.writable ? rights::kWriteDirectory : 0);
    file.inheriting = file.rights | rights::kReadFile | rights::kWriteFile;  // Who opens to write is told ROFS: a libc asks for no more than stands here.
    file.guest_name = std::move(name);
    file.location = std::move(location);
    return file;
}

}  // namespace

std::vector<std::pair<std::string, Location>> parse_directories(std::string_view text) {
    std::vector<std::pair<std::string, Location>> found;
    while (!text.empty()) {
        auto one = take_text(text);
        const size_t equals = one.rfind('=');
        if (equals == one.npos) continue;
        Location location;
        auto bucket = one.substr(equals + 1);
        location.writable = bucket.ends_with(":w");
        if (location.writable) bucket.remove_suffix(2);
        location.bucket = bucket;
        found.emplace_back(one.substr(0, equals), std::move(location));
    }
    return found;
}

State::State(const Invocation& invocation) : response_end(invocation.terms.heap_inline_max()), monotonic_begins_ns(wall_ns() - monotonic_ns()) {
    File body = stream(File::Kind::input, rights::kReadFile);
    const bool has_body = !invocation.request.stream;
    if (has_body) body.source = 0;
    add(std::move(body));
    const bool responds = invocation.function.program && invocation.function.program->is_command();
    add(stream(responds ? File::Kind::output : File::Kind::log, rights::kFdWrite));
    add(stream(File::Kind::log, rights::kFdWrite));
    for (auto& [name, location] : parse_directories(invocation.function.record.directories)) add(directory(std::move(name), std::move(location)));
}

File* State::find(uint32_t descriptor) { return descriptor < files_.size() && files_[descriptor] ? &*files_[descriptor] : nullptr; }

std::optional<uint32_t> State::add(File file) {
    auto free = std::find(files_.begin(), files_.end(), std::nullopt);
    if (!has_room()) return std::nullopt;
    if (free == files_.end()) free = files_.emplace(free);
    *free = std::move(file);
    return static_cast<uint32_t>(free - files_.begin());
}

bool State::has_room() const { return files_.size() < kWasiFilesMax || std::find(files_.begin(), files_.end(), std::nullopt) != files_.end(); }

std::vector<File*> State::find_all(const ObjectName& name) {
    std::vector<File*> found;
    for (auto& file : files_)
        if (file && file->kind == File::Kind::object && !file->is_unlinked && file->location.name() == name) found.push_back(&*file);
    return found;
}

File State::remove(uint32_t descriptor) {
    File file = std::move(*files_[descriptor]);
    files_[descriptor].reset();
    return file;
}

bool State::holds(uint32_t source) const {
    return std::any_of(files_.begin(), files_.end(), [&](const auto& file) { return file && file->source == source; });
}

size_t State::entries() const {
    size_t sum = 0;
    for (const auto& file : files_) sum += file && file->entries ? file->entries->size() : 0;
    return sum;
}

void State::move(uint32_t from, uint32_t to) {
    files_[to] = std::move(files_[from]);
    files_[from].reset();
}

State& state_of(Invocation& invocation) {
    if (!invocation.wasi) {
        invocation.begin_sources();
        invocation.wasi = std::make_shared<State>(invocation);
    }
    return *invocation.wasi;
}

uint64_t size_of(const Invocation& invocation, const File& file) {
    if (file.spool) return file.spool->size();
    return file.source ? invocation.sources[*file.source].size() : 0;
}

int32_t close_file(Invocation& invocation, File file) {
    if (file.kind == File::Kind::log && !file.line.empty()) log_text(invocation, file, "\n");
    if (file.kind != File::Kind::object) return kSuccess;
    const auto was = file.source ? invocation.sources[*file.source].pages : nullptr;
    if (file.source) invocation.close_source(*file.source);
    const bool is_last = file.spool.use_count() == 1;
    if (!is_last || file.is_unlinked) return kSuccess;
    int32_t code = stage(invocation, file.location.name(), file.spool->take(invocation));
    const bool is_stored = code == kSuccess && was && was->home() == os::Pages::Home::disk;
    if (is_stored) invocation.effects.back().like = was;
    return code;
}

// What the log does not take any more is not looked at either: a guest has long texts for nothing.
void log_text(Invocation& invocation, File& file, std::string_view text) {
    bool& is_full = state_of(invocation).log_is_full;
    text = text.substr(0, kLogBytesPerInvocationMax);
    while (!text.empty() && !is_full) {
        const size_t end = text.find('\n');
        const size_t room = kLogLineBytesMax - file.line.size();
        file.line += text.substr(0, std::min(end, room));  // COPY: what is logged, no content
        if (end == text.npos) return;
        text.remove_prefix(end + 1);
        if (!invocation.add_log(INLAY_LOG_INFO, file.line)) {
            const bool too_many = invocation.log_lines >= kLogLinesPerInvocationMax;
            too_many ? invocation.meet("kLogLinesPerInvocationMax", kLogLinesPerInvocationMax) : invocation.meet(&FunctionLimits::log_bytes);
            is_full = true;
        }
        file.line.clear();
    }
}

Result<> finish(Invocation& invocation, int32_t code) {
    if (!invocation.wasi) return {};
    State& state = *invocation.wasi;
    for (uint32_t descriptor = 0; descriptor < state.size(); descriptor++) {
        File* file = state.find(descriptor);
        if (!file || (code != 0 && file->kind == File::Kind::object)) continue;
        auto name = file->location.name().path();
        if (close_file(invocation, state.remove(descriptor)) != kSuccess)
            return Error{Errc::function_trapped, fmt::format("function {:?} wrote {}, which cannot be stored: {}", invocation.function.record.name, name, invocation.limit_met())};
    }
    if (code != 0 || invocation.responded || invocation.sent) return {};
    invocation.response.content = output_of(invocation).content;
    return wants_cgi(invocation) ? take_cgi_head(invocation) : Result<>();
}

Response output_of(Invocation& invocation) {
    Response output;
    if (!invocation.wasi) return output;
    State& state = *invocation.wasi;
    if (state.response_end.size() > 0) state.response.push_back(state.response_end.take(invocation));
    output.content = std::move(state.response);
    return output;
}

}  // namespace inlay::run::wasi
