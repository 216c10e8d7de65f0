// What must hold for a guest that receives and sends in any order, of any sizes, from a client that sends anything.
//
// The input: u8 how many calls, u8 bytes that come at once, u8 how often the client lets wait and which part it does not take, u8 how much
// a content byte stands for; then the guest's calls, 5 bytes each: u8 call (3 bits) and base (3 bits), i16 offset from that base, u16
// length; then the client's bytes, in chunks or not. The guest reads its calls from the query, and logs the code of each. It runs on a
// fiber, which waits, and as in a lane, where a ring is filled ahead. A naive reading of the contract says what must come of it.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "input_text.hpp"
#include "run/fiber_run.hpp"
#include "run/stream.hpp"
#include "run/trial.hpp"
#include "serve/chunk_decoder.hpp"
#include "serve/stream_ring.hpp"
#include "stream_guest.hpp"

namespace inlay::fuzz::stream {

constexpr size_t kHeadBytes = 4, kCallBytes = 5, kCallsMax = 24, kClientBytesMax = 512;
constexpr std::array<uint64_t, 4> kStandsFor{1, 1, 700, 30'000};  // So that a few bytes fill a ring.

inline char object_byte(uint64_t at) { return static_cast<char>(at * 31 >> 3); }

// The client: what it says, and how it takes what it is sent.
class Client final : public run::Stream {
  public:
    Client(std::span<const uint8_t> head, std::string_view bytes, bool in_lane)
        : at_once_(1 + head[1] % 64), lets_wait_(head[2] & 3), takes_(head[2] >> 2), each_(kStandsFor[head[3] % kStandsFor.size()]),
          bytes_(bytes), in_lane_(in_lane) {
        pages_ = os::create_memfd("fuzz-ring", kStreamRingBytes).value();
        ring_ = std::make_shared<const os::Pages>(os::duplicate(pages_.get()), kStreamRingBytes, os::Pages::Home::memory);
    }

    const std::shared_ptr<const os::Pages>& ring() const override { return ring_; }

    std::optional<Result<run::RingPiece>> receive() override {
        if (must_wait()) return std::nullopt;
        auto answer = in_lane_ ? next_told() : next_direct();
        answers.push_back({answer.ok() ? *answer : run::RingPiece{}, answer.ok(), taken_});
        if (answer.ok()) {
            // The bytes of the client in their order, each once.
            std::string there(answer->length, '?');
            INLAY_CHECK(os::read_exactly_at(pages_.get(), there.data(), there.size(), answer->offset).ok());
            constexpr uint64_t kStep = 61;  // Looked at; none of what a byte may stand for is a multiple of it.
            for (uint64_t i = 0; i < there.size(); i += kStep) INLAY_CHECK(there[i] == byte_at(taken_ + i));
            taken_ += answer->length;
            INLAY_CHECK(answer->length <= kStreamPieceBytesMax && answer->offset + answer->length <= kStreamRingBytes);
        }
        return Result<run::RingPiece>(answer);
    }

    std::optional<Result<>> send(const run::Response& part) override {
        if (must_wait()) return std::nullopt;
        if (parts.size() == takes_) return Result<>(Error{Errc::bad_request, "gone"});
        parts.push_back(run::content_of(part));
        return Result<>();
    }

    char byte_at(uint64_t at) const { return content_[at / each_]; }

    struct Answer {
        run::RingPiece piece;
        bool good = false;
        uint64_t first = 0;  // Of the client's content: which byte the piece begins with.
    };
    std::vector<Answer> answers;
    std::vector<std::string> parts;
    size_t takes() const { return takes_; }

  private:
    // On a fiber, before so many of its calls.
    bool must_wait() {
        if (in_lane_ || waited_ == lets_wait_) {
            waited_ = 0;
            return false;
        }
        waited_++;
        return true;
    }

    // Receives into a part of the ring: false when nothing more comes.
    bool fill(const run::RingPiece& room, uint64_t& got) {
        while (received_ == content_.size() * each_ && !ended_) {
            auto in = bytes_.substr(0, at_once_);
            auto step = decoder_.next(in);
            bytes_.remove_prefix(step.framing);
            if (step.kind == ChunkStep::Kind::content && step.framing < in.size()) {
                size_t count = std::min<uint64_t>(step.remaining, in.size() - step.framing);
                decoder_.took(count);
                content_ += bytes_.substr(0, count);
                bytes_.remove_prefix(count);
            } else if (step.kind == ChunkStep::Kind::done) {
                ended_ = Result<>();
            } else if (step.kind == ChunkStep::Kind::error || bytes_.empty()) {
                ended_ = Result<>(Error{Errc::bad_request, "the client breaks the rules, or has gone"});
            }
        }
        got = std::min(content_.size() * each_ - received_, room.length);
        std::string text;
        while (text.size() < got) {
            uint64_t at = received_ + text.size();
            text.append(std::min(got - text.size(), each_ - at % each_), byte_at(at));
        }
        INLAY_CHECK(os::write_all_at(pages_.get(), text, room.offset).ok());
        received_ += got;
        return got > 0;
    }

    Result<run::RingPiece> how_it_ended() const {
        if (!ended_->ok()) return ended_->error();
        return run::RingPiece{};
    }

    Result<run::RingPiece> next_direct() {
        uint64_t got = 0;
        if (!fill({0, kStreamPieceBytesMax}, got)) return how_it_ended();
        return run::RingPiece{0, got};
    }

    // As a worker does it for a lane: as much as the ring takes, before the guest asks and after.
    void fill_ahead() {
        for (bool more = true; more;) {
            auto room = numbers_.room();
            uint64_t got = 0;
            more = room.length > 0 && fill(room, got);
            numbers_.receive(got);
            while (auto told = numbers_.next_piece()) told_.push_back(*told);
        }
    }

    Result<run::RingPiece> next_told() {
        if (end_taken_) return how_it_ended();
        fill_ahead();
        INLAY_CHECK(numbers_.ask());
        fill_ahead();
        if (!told_.empty()) {
            auto first = told_.front();
            told_.pop_front();
            return first;
        }
        INLAY_CHECK(ended_ && numbers_.all_told());
        numbers_.note_end();
        end_taken_ = true;
        return how_it_ended();
    }

    const size_t at_once_, lets_wait_, takes_;
    const uint64_t each_;
    std::string_view bytes_;
    const bool in_lane_;
    os::Fd pages_;
    std::shared_ptr<const os::Pages> ring_;
    ChunkDecoder decoder_{kClientBytesMax};
    std::string content_;
    uint64_t received_ = 0, taken_ = 0;
    size_t waited_ = 0;
    std::optional<Result<>> ended_;
    serve::StreamRing numbers_;
    std::deque<run::RingPiece> told_;
    bool end_taken_ = false;
};

struct Told {
    int32_t code = 0;
    uint32_t piece = 0;          // Where the latest one lies.
    uint32_t end_of_memory = 0;  // Before the call: a ring takes its place with the first receive.
};

// The contract once more, call by call.
class Expected {
  public:
    Expected(std::string_view calls, const Client& client, std::span<const uint32_t> bases, std::span<const Told> told)
        : calls_(calls), client_(client), bases_(bases), told_(told) {}

    void check(const run::Outcome& outcome) {
        size_t made = 0;
        int32_t result = 0;
        for (; (made + 1) * kCallBytes <= calls_.size(); made++) {
            auto call = calls_.substr(made * kCallBytes, kCallBytes);
            uint16_t length = 0;
            int16_t offset = 0;
            std::memcpy(&offset, call.data() + 1, 2);
            std::memcpy(&length, call.data() + 3, 2);
            if ((call[0] & 7) == end) {
                result = length;
                break;
            }
            INLAY_CHECK(made < told_.size());
            // As the guest adds, modulo 2^32.
            uint32_t address = base(static_cast<uint8_t>(call[0]) >> 3 & 7, made) + static_cast<uint32_t>(int32_t{offset});
            INLAY_CHECK(told_[made].code == code_of(static_cast<Call>(call[0] & 7), address, length, made));
        }
        INLAY_CHECK(made == told_.size() && received_ == client_.answers.size() && sent_ == client_.parts.size());
        auto* failed = std::get_if<run::Failed>(&outcome.how);
        auto* completed = std::get_if<run::Completed>(&outcome.how);
        INLAY_CHECK(result != 0 ? failed && failed->code == result : completed != nullptr);
        if (completed && responded_) INLAY_CHECK(agrees({*responded_}, run::content_of(completed->response)));
    }

  private:
    struct Range {
        uint64_t address = 0, length = 0;
        std::optional<uint64_t> piece;  // Where the piece that it may show lay,
        size_t answer = 0;              // and which one it was.
    };

    // What lies where, when a call is made.
    uint32_t base(uint32_t which, size_t made) const {
        if (which == piece) return made == 0 ? 0 : told_[made - 1].piece;
        if (which == end_of_memory) return told_[made].end_of_memory;
        return which < count_ ? bases_[which] : 0;
    }

    Range range(uint64_t address, uint64_t length, size_t made) const {
        Range made_of{address, length, {}, 0};
        if (received_ == 0 || !client_.answers[received_ - 1].good || client_.answers[received_ - 1].piece.length == 0) return made_of;
        made_of.piece = base(piece, made);
        made_of.answer = received_ - 1;
        return made_of;
    }

    int32_t code_of(Call call, uint32_t address, uint16_t length, size_t made) {
        switch (call) {
            case receive: return code_of_receive();
            case send: return code_of_send({range(address, length, made)}, made);
            case send_two: return code_of_send({range(address, length, made), range(kOwn, 4, made)}, made);
            case send_any_list:
                if (length > kRangesMax) return INLAY_E_LIMIT;
                if (length > 0 || address > told_[made].end_of_memory) return INLAY_E_POINTER;
                return code_of_send({}, made);
            case respond:
                if (uint64_t{address} + length > told_[made].end_of_memory) return INLAY_E_POINTER;
                if (responded_ || has_sent_) return INLAY_E_TWICE;
                responded_ = range(address, length, made);
                return 0;
            case status:
                if (length < 200 || length > 599) return INLAY_E_ARGUMENT;
                if (has_sent_) return INLAY_E_TWICE;
                has_no_content_ = length == 204 || length == 205 || length == 304;
                return 0;
            default: return INLAY_E_ABSENT;  // The window of the pieces is not the guest's to take away.
        }
    }

    // The end of the body, or its failure, is asked for once.
    int32_t code_of_receive() {
        if (body_end_) return *body_end_;
        const auto& answer = client_.answers.at(received_++);
        if (!answer.good) body_end_ = INLAY_E_IO;
        if (answer.good && answer.piece.length == 0) body_end_ = 0;
        return answer.good ? 0 : INLAY_E_IO;
    }

    int32_t code_of_send(const std::vector<Range>& ranges, size_t made) {
        for (const auto& one : ranges)
            if (one.address + one.length > told_[made].end_of_memory) return INLAY_E_POINTER;
        if (responded_) return INLAY_E_TWICE;
        if (has_no_content_ && !has_sent_) return INLAY_E_DENIED;
        has_sent_ = true;
        // Behind the first part an empty one is none, and behind one that failed there is no other.
        bool is_empty = std::all_of(ranges.begin(), ranges.end(), [](const Range& one) { return one.length == 0; });
        if (part_code_ && (is_empty || *part_code_ != 0)) return *part_code_;
        part_code_ = sent_ == client_.takes() ? INLAY_E_IO : 0;
        if (*part_code_ != 0) return *part_code_;
        INLAY_CHECK(sent_ < client_.parts.size() && agrees(ranges, client_.parts[sent_]));
        sent_++;
        return 0;
    }

    // Whether these are their bytes, as far as they are known: at the beginning and the end of each.
    bool agrees(const std::vector<Range>& ranges, std::string_view bytes) const {
        constexpr uint64_t kLooked = 200;
        for (const auto& one : ranges) {
            if (bytes.size() < one.length) return false;
            for (uint64_t i = 0; i < one.length; i == kLooked && one.length > 2 * kLooked ? i = one.length - kLooked : i++) {
                auto known = byte_at(one, one.address + i);
                if (known && *known != bytes[i]) return false;
            }
            bytes.remove_prefix(one.length);
        }
        return bytes.empty();
    }

    std::optional<char> byte_at(const Range& range, uint64_t at) const {
        if (at >= kOwn && at < kOwn + 4) return "mine"[at - kOwn];
        if (at >= bases_[output] && at < bases_[output] + kOutputBytes) return 'o';
        if (at >= bases_[object] && at < bases_[object] + kObjectBytes) return object_byte(at - bases_[object]);
        const auto& answer = range.piece ? client_.answers[range.answer] : Client::Answer{};
        if (range.piece && at >= *range.piece && at < *range.piece + answer.piece.length) return client_.byte_at(answer.first + at - *range.piece);
        return std::nullopt;
    }

    std::string_view calls_;
    const Client& client_;
    std::span<const uint32_t> bases_;
    std::span<const Told> told_;
    size_t received_ = 0, sent_ = 0;
    bool has_sent_ = false, has_no_content_ = false;
    std::optional<int32_t> body_end_, part_code_;
    std::optional<Range> responded_;
};

inline run::Outcome run_guest(run::Trial& trial, run::Place place) {
    static const auto program = run::workshop().program(guest());
    trial.terms.place = place;
    if (place != run::Place::fiber) return trial.run_program(program);
    registry::Function function;
    function.record.name = "trial";
    function.record.limits = trial.limits;
    function.program = program;
    run::FiberRun guest(function, trial.request, trial.supply(), trial.terms);
    while (guest.resume() != run::FiberRun::State::ended) {}
    return guest.finish();
}

inline void one_run(std::span<const uint8_t> input, run::Place place) {
    static run::Trial trial;
    [[maybe_unused]] static const int file = [] {
        std::string content(kObjectBytes, 0);
        for (size_t i = 0; i < content.size(); i++) content[i] = object_byte(i);
        return trial.add_object("data/one", content);
    }();
    auto text = as_text(input.subspan(kHeadBytes));
    auto calls = text.substr(0, kCallBytes * std::min<size_t>(input[0] % (kCallsMax + 1), text.size() / kCallBytes));
    Client client(input, text.substr(calls.size(), kClientBytesMax), place == run::Place::lane);
    trial.request.stream = &client;
    trial.request.query = calls;
    auto outcome = run_guest(trial, place);
    INLAY_CHECK(!outcome.log.lines.empty());
    const auto& log = outcome.log.lines.front().text;
    std::array<uint32_t, 8> bases{};
    INLAY_CHECK(log.size() >= sizeof bases && (log.size() - sizeof bases) % sizeof(Told) == 0);
    std::memcpy(bases.data(), log.data(), sizeof bases);
    std::vector<Told> told((log.size() - sizeof bases) / sizeof(Told));
    if (!told.empty()) std::memcpy(told.data(), log.data() + sizeof bases, told.size() * sizeof(Told));
    Expected(calls, client, bases, told).check(outcome);
}

inline void one_input(std::span<const uint8_t> input) {
    if (input.size() < kHeadBytes) return;
    one_run(input, run::Place::fiber);
    one_run(input, run::Place::lane);
}

}  // namespace inlay::fuzz::stream
