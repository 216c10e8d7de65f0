// What must hold for inlay_respond and inlay_publish on any list of ranges, in a guest with windows of every kind.
//
// The input is the request's body: u16 count, u16 tail, then entries of 8 bytes: u8 base (3 bits), i24 offset from that base,
// u32 length; what count promises beyond the entries is ranges of zeros. The guest makes addresses of them and gives the list
// to respond, to respond again, to publish, and then responds with four bytes of its own. With a tail, the list lies that many bytes before the
// end of memory. A second, naive reading of the contract (Expected) says what must come of it.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "input_text.hpp"
#include "run/trial.hpp"

namespace inlay::fuzz::range_list {

constexpr size_t kEntriesMax = 64;  // Copying all of them takes as long as a fuzzer likes to wait.
constexpr uint32_t kBases = 512, kCodes = 544, kList = 8192, kOwn = 128;
constexpr uint32_t kBigOutput = kOutputBytesMax - 1 * MiB, kSmallOutput = 20'000;  // Leaves 1 MiB to copies.
constexpr uint32_t kObjectBytes = 50'000, kPieceFirst = 5000, kPieceBytes = 30'000;

enum Base : uint32_t { own, whole_object, piece_of_object, body, small_output, big_output, unmapped, end_of_memory, count_ };

inline std::string object_content() {
    std::string content(kObjectBytes, 0);
    for (size_t i = 0; i < content.size(); i++) content[i] = static_cast<char>(i * 31 >> 3);
    return content;
}

inline std::string guest() {
    using run::text_at, run::then, run::word_at;
    auto window = [](Base base, const std::string& made) {
        return made + "(i32.store (i32.const " + std::to_string(kBases + 4 * base) + ") " + word_at(16) + ")";
    };
    std::string before = run::all_imports() + text_at(64, "data/one") + text_at(kOwn, "mine") + text_at(72, "\\80\\00\\00\\00\\04\\00\\00\\00");
    std::string body_of = then("body", {32}) + window(body, then("map", {0, 0, "(i64.load (i32.const 40))", 0, 16})) +
        "(local.set $input " + word_at(16) + ")(local.set $end (i32.add (local.get $input) (i32.load (i32.const 40))))" +
        then("open", {64, 8, 32}) + window(whole_object, then("map", {1, 0, kObjectBytes, 0, 16})) +
        window(piece_of_object, then("map", {1, kPieceFirst, kPieceBytes, 0, 16})) +
        window(small_output, then("output", {kSmallOutput, 16})) +
        "(memory.fill " + word_at(16) + " (i32.const 111) (i32.const " + std::to_string(kSmallOutput) + "))" +
        window(big_output, then("output", {kBigOutput, 16})) +
        window(unmapped, then("map", {1, 0, 40'000, 0, 16})) + then("unmap", {word_at(16)}) + R"(
        (drop (memory.grow (i32.const 1)))
        (i32.store (i32.const 540) (i32.mul (memory.size) (i32.const 65536)))
        (local.set $entry (i32.add (local.get $input) (i32.const 4)))
        (local.set $to (i32.const 8192))
        (block $done (loop $next
          (br_if $done (i32.gt_u (i32.add (local.get $entry) (i32.const 8)) (local.get $end)))
          (i32.store (local.get $to) (i32.add (i32.shr_s (i32.load (local.get $entry)) (i32.const 8))
            (i32.load offset=512 (i32.shl (i32.and (i32.load (local.get $entry)) (i32.const 7)) (i32.const 2)))))
          (i32.store offset=4 (local.get $to) (i32.load offset=4 (local.get $entry)))
          (local.set $entry (i32.add (local.get $entry) (i32.const 8)))
          (local.set $to (i32.add (local.get $to) (i32.const 8)))
          (br $next)))
        (local.set $count (i32.load16_u (local.get $input)))
        (local.set $tail (i32.load16_u offset=2 (local.get $input)))
        (local.set $list (i32.const 8192))
        (if (local.get $tail) (then
          (local.set $list (i32.sub (i32.load (i32.const 540)) (local.get $tail)))
          (local.set $end (i32.sub (local.get $to) (i32.const 8192)))
          (memory.copy (local.get $list) (i32.const 8192)
            (select (local.get $end) (local.get $tail) (i32.lt_u (local.get $end) (local.get $tail))))))
        (i32.store (i32.const 544) (call $respond (local.get $list) (local.get $count)))
        (i32.store (i32.const 548) (call $respond (local.get $list) (local.get $count)))
        (i32.store (i32.const 552) (call $publish (i32.const 64) (i32.const 8) (i32.const 0) (i32.const 0)
          (local.get $list) (local.get $count)))
        (i32.store (i32.const 556) (call $respond (i32.const 72) (i32.const 1)))
        (drop (call $log (i32.const 1) (i32.const 512) (i32.const 48)))
        (i32.const 0))";
    return engine::guest("(local $input i32) (local $entry i32) (local $end i32) (local $to i32) (local $count i32) (local $tail i32) (local $list i32)" +
                         body_of, before);
}

// What the guest tells of itself in its log.
struct Told {
    std::array<uint32_t, count_> bases{};
    std::array<int32_t, 4> codes{};
};

struct Range {
    uint64_t address = 0, length = 0;
};

// The contract once more: slow, in 64 bits, and without a look at how the host does it.
class Expected {
  public:
    Expected(const Told& told, std::string_view input) : told_(told), input_(input) {
        auto number_at = [&](size_t at) { return static_cast<uint8_t>(input[at]) | static_cast<unsigned>(static_cast<uint8_t>(input[at + 1])) << 8; };
        count_given_ = number_at(0);
        tail_ = number_at(2);
        for (size_t at = 4; at + 8 <= input.size(); at += 8) {
            uint32_t first = 0, length = 0;
            std::memcpy(&first, input.data() + at, 4);
            std::memcpy(&length, input.data() + at + 4, 4);
            uint32_t address = told.bases[first & 7] + static_cast<uint32_t>(static_cast<int32_t>(first) >> 8);
            list_.push_back({address, length});
        }
        list_.resize(std::max<size_t>(list_.size(), count_given_));
    }

    int32_t respond() {
        if (auto refused = refusal()) return *refused;
        if (responded) return INLAY_E_TWICE;
        std::vector<Range> ranges(list_.begin(), list_.begin() + count_given_);
        std::erase_if(ranges, [](const Range& range) { return range.length == 0; });
        for (const auto& range : ranges)
            if (!by_reference(range))
                if (int32_t code = copy({&range, 1}, kHeapRangeCopyMax); code != 0) return code;
        responded = true;
        content = std::move(ranges);
        return 0;
    }

    int32_t publish() {
        if (auto refused = refusal()) return *refused;
        std::span<const Range> ranges(list_.data(), count_given_);
        bool from_a_start = ranges.size() == 1 && by_reference(ranges[0]) && file_offset(ranges[0]) == 0;
        if (!from_a_start)
            if (int32_t code = copy(ranges, kPublishInlineMax); code != 0) return code;
        published.emplace(ranges.begin(), ranges.end());
        return 0;
    }

    int32_t respond_with_mine() {
        if (responded) return INLAY_E_TWICE;
        Range mine{kOwn, 4};
        if (int32_t code = copy({&mine, 1}, kHeapRangeCopyMax); code != 0) return code;
        responded = true;
        content = {mine};
        return 0;
    }

    bool by_reference(const Range& range) const {
        return base_of(range, whole_object) || base_of(range, piece_of_object) || base_of(range, small_output) || base_of(range, big_output);
    }
    uint64_t file_offset(const Range& range) const {
        for (Base base : {whole_object, piece_of_object, small_output, big_output})
            if (base_of(range, base)) return range.address - told_.bases[base] + (base == piece_of_object ? kPieceFirst : 0);
        return UINT64_MAX;
    }

    // The bytes of a range as far as they are known: not where the guest's own memory or what lies between windows is.
    bool agrees(const Range& range, std::string_view bytes) const {
        static const std::string object = object_content();
        for (size_t i = 0; i < bytes.size(); i++) {
            Range one{range.address + i, 1};
            std::optional<char> known;
            if (base_of(one, whole_object)) known = object[one.address - told_.bases[whole_object]];
            if (base_of(one, piece_of_object)) known = object[one.address - told_.bases[piece_of_object] + kPieceFirst];
            if (base_of(one, body)) known = input_[one.address - told_.bases[body]];
            if (base_of(one, small_output)) known = 'o';
            if (base_of(one, big_output)) known = 0;
            if (one.address >= kOwn && one.address < kOwn + 4) known = "mine"[one.address - kOwn];
            if (known && *known != bytes[i]) return false;
        }
        return true;
    }

    uint64_t heap = 0;  // Bytes copied.
    bool traps = false;
    bool responded = false;
    std::vector<Range> content;
    std::optional<std::vector<Range>> published;

  private:
    uint64_t length_of(Base base) const {
        switch (base) {
            case whole_object: return kObjectBytes;
            case piece_of_object: return kPieceBytes;
            case body: return input_.size();
            case small_output: return kSmallOutput;
            case big_output: return kBigOutput;
            default: return 0;
        }
    }
    bool base_of(const Range& range, Base base) const {
        return range.address >= told_.bases[base] && range.address + range.length <= told_.bases[base] + length_of(base);
    }
    bool touches_unmapped(const Range& range) const {
        return range.address < told_.bases[unmapped] + uint64_t{64 * KiB} && range.address + range.length > told_.bases[unmapped];
    }

    std::optional<int32_t> refusal() const {
        if (count_given_ > kRangesMax) return INLAY_E_LIMIT;
        if (tail_ != 0 && tail_ < 8 * count_given_) return INLAY_E_POINTER;
        for (size_t i = 0; i < count_given_; i++)
            if (list_[i].address + list_[i].length > told_.bases[end_of_memory]) return INLAY_E_POINTER;
        return std::nullopt;
    }
    // No access where a window was: our own loads end the guest, the kernel's say so.
    int32_t copy(std::span<const Range> ranges, uint64_t inline_max) {
        uint64_t bytes = 0;
        bool faults = false;
        for (const auto& range : ranges) {
            bytes += range.length;
            faults |= range.length > 0 && touches_unmapped(range);
        }
        if (heap + bytes > kHeapRangeCopyMax && kBigOutput + kSmallOutput + heap + bytes > kOutputBytesMax) return INLAY_E_LIMIT;
        heap += bytes;
        if (faults && bytes > inline_max) return INLAY_E_IO;
        traps |= faults;
        return 0;
    }

    const Told& told_;
    std::string_view input_;
    size_t count_given_ = 0, tail_ = 0;
    std::vector<Range> list_;
};

constexpr uint64_t kComparedBytesMax = 4 * KiB;  // Of each range, at its beginning.

inline std::string first_bytes(const run::Piece& piece) {
    if (!piece.pages) return piece.bytes.substr(0, kComparedBytesMax);
    std::string bytes(std::min(piece.length, kComparedBytesMax), '?');
    INLAY_CHECK(os::read_exactly_at(piece.pages->fd(), bytes.data(), bytes.size(), piece.offset).ok());
    return bytes;
}

inline void check_response(const run::Response& response, const Expected& expected) {
    INLAY_CHECK(response.content.size() == expected.content.size());
    for (size_t i = 0; i < expected.content.size(); i++) {
        const auto& piece = response.content[i];
        const auto& range = expected.content[i];
        INLAY_CHECK(piece.size() == range.length && expected.agrees(range, first_bytes(piece)));
        if (expected.by_reference(range)) INLAY_CHECK(piece.offset == expected.file_offset(range) && piece.pages);
    }
}

inline void check_effects(const std::vector<run::StagedEffect>& effects, const Expected& expected) {
    INLAY_CHECK(effects.size() == (expected.published ? 1 : 0));
    if (effects.empty()) return;
    const auto& effect = effects.front().effect;
    uint64_t at = 0;
    bool in_pages = effect.kind == registry::ContentKind::pages;
    for (const auto& range : *expected.published) {
        std::string bytes(std::min(range.length, kComparedBytesMax), '?');
        if (in_pages) INLAY_CHECK(os::read_exactly_at(effect.fd, bytes.data(), bytes.size(), at).ok());
        if (!in_pages) bytes = effect.inline_bytes.substr(at, range.length);
        INLAY_CHECK(expected.agrees(range, bytes));
        at += range.length;
    }
    INLAY_CHECK(effect.length == at && (in_pages || effect.inline_bytes.size() == at));
}

inline run::Outcome run_guest(std::string_view input) {
    static run::Trial trial;
    static const auto program = run::workshop().program(guest());
    [[maybe_unused]] static const int object = trial.add_object("data/one", object_content());
    trial.request.body = {input, nullptr, input.size(), 0};
    return trial.run_program(program);
}

inline Told told_by(const run::Outcome& outcome) {
    Told told;
    INLAY_CHECK(!outcome.log.lines.empty() && outcome.log.lines.front().text.size() == sizeof told);
    std::memcpy(&told, outcome.log.lines.front().text.data(), sizeof told);
    bool met_a_limit = std::find(told.codes.begin(), told.codes.end(), INLAY_E_LIMIT) != told.codes.end();
    INLAY_CHECK(outcome.log.lines.size() == (met_a_limit ? 2 : 1));  // Which one it was.
    return told;
}

// What a call refuses leaves no trace; what it takes comes out whole and in order.
inline void one_input(std::span<const uint8_t> input) {
    static const Told quiet = told_by(run_guest({"\0\0\0\0", 4}));  // Windows lie where they always lie, told or not.
    if (input.size() < 4) return;
    const auto text = as_text(input.first(std::min(input.size(), 4 + 8 * kEntriesMax)));
    auto outcome = run_guest(text);
    Expected expected(quiet, text);
    const std::array<int32_t, 4> codes{expected.respond(), expected.respond(), expected.publish(), expected.respond_with_mine()};
    if (auto* trapped = std::get_if<run::Trapped>(&outcome.how)) {
        INLAY_CHECK(expected.traps && trapped->error.code == Errc::function_trapped);
        return;
    }
    auto* completed = std::get_if<run::Completed>(&outcome.how);
    INLAY_CHECK(completed && !expected.traps);
    const Told told = told_by(outcome);
    INLAY_CHECK(told.bases == quiet.bases && told.codes == codes);
    check_response(completed->response, expected);
    check_effects(completed->effects, expected);
    INLAY_CHECK(outcome.cost.copied.heap == expected.heap && outcome.cost.copied.small == text.size());
}

}  // namespace inlay::fuzz::range_list
