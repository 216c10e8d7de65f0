// Frame by frame.
#include "engine/trap_place.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace inlay::engine {
namespace {

constexpr size_t kShownNameBytesMax = 256;
constexpr size_t kAccountBytesMax = 16 << 10;

struct Frame {
    std::string_view name;
    std::string_view source;  // "/src/sum.c:12:5"; empty: there is none.
};

std::string_view take_line(std::string_view& rest) {
    auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    return line;
}

// The next frame; false: there is no more.
bool take_frame(std::string_view& rest, Frame& frame) {
    while (!rest.empty()) {
        auto line = take_line(rest);
        const size_t colon = line.find(':'), dash = line.find(" - ");
        const bool is_frame = dash != line.npos && colon < dash && line.substr(0, colon).find_first_not_of(" 0123456789") == line.npos;
        if (!is_frame) continue;
        frame.name = line.substr(dash + 3);
        frame.name.remove_prefix(frame.name.find('!') == frame.name.npos ? 0 : frame.name.find('!') + 1);
        frame.name = frame.name.substr(0, kShownNameBytesMax);  // Names are the module's: as long as it likes.
        auto after = rest;
        auto source = take_line(after);
        const size_t at = source.find(" at ");
        const bool has_source = at != source.npos && source.find_first_not_of(' ') == at + 1;
        frame.source = has_source ? source.substr(at + 4) : std::string_view();
        if (has_source) rest = after;
        return true;
    }
    return false;
}

// What stands between an author's mistake and the trap that it becomes.
bool is_of_a_runtime(const Frame& frame) {
    constexpr std::array<std::string_view, 8> kNames{"abort", "__abort", "__assert_fail", "runtime.", "core::", "std::", "__rust", "~lib/"};
    constexpr std::array<std::string_view, 6> kSources{"/rustc/", "/rustlib/", "/library/core/", "/library/std/", "inlay-sdk/", "~lib/"};
    constexpr std::array<std::string_view, 3> kInNames{"rust_begin_unwind", "core::panicking", "node_modules/"};
    auto any = [](const auto& list, auto holds) { return std::any_of(list.begin(), list.end(), holds); };
    return any(kNames, [&](auto one) { return frame.name.starts_with(one); }) || any(kInNames, [&](auto one) { return frame.name.find(one) != frame.name.npos; }) ||
           any(kSources, [&](auto one) { return frame.source.find(one) != frame.source.npos; });
}

}  // namespace

std::string place_of(std::string_view account) {
    Frame first, frame;
    bool is_found = take_frame(account, first);
    if (!is_found) return {};
    for (frame = first; is_found && is_of_a_runtime(frame);) is_found = take_frame(account, frame);
    if (!is_found) frame = first;
    if (frame.name.empty() || frame.name.starts_with('<')) return {};  // It has no names.
    auto source = frame.source;
    source = source.substr(source.size() - std::min(source.size(), kShownNameBytesMax));
    source.remove_prefix(source.find_last_of('/') == source.npos ? 0 : source.find_last_of('/') + 1);
    if (source.empty()) return fmt::format(" in {}", frame.name);
    return fmt::format(" in {} ({})", frame.name, source.substr(0, source.rfind(':')));  // Without the column.
}

std::string account_of(std::string message) {
    if (message.size() > kAccountBytesMax) message.resize(kAccountBytesMax);
    const size_t note = message.find("note: using the `WASMTIME_BACKTRACE_DETAILS");
    if (note == message.npos) return message;
    message.erase(note, message.find('\n', note) == message.npos ? message.npos : message.find('\n', note) + 1 - note);
    return message;
}

}  // namespace inlay::engine
