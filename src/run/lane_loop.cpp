// load, then run after run; names and pages are asked for at the worker.
#include "run/lane_loop.hpp"

#include <algorithm>
#include <deque>
#include <unordered_map>
#include <utility>

#include "base/clock.hpp"
#include "base/limits.hpp"
#include "engine/engine.hpp"
#include "engine/watchdog.hpp"
#include "os/process.hpp"
#include "registry/compiled_file.hpp"
#include "registry/messages.hpp"
#include "run/executor.hpp"
#include "run/host_api.hpp"
#include "run/lane_files.hpp"
#include "run/lane_messages.hpp"
#include "run/piece_files.hpp"
#include "run/stream.hpp"

namespace inlay::run {
namespace {

constexpr uint64_t kAlarmGraceNs = 2'000'000'000;  // The worker kills in time; the alarm is for a lane that it has left behind.

Error worker_gone() { return Error{Errc::draining, "the worker is gone"}; }

// What the worker gave during one run, by number from 1, and the questions that bring more.
class WorkerSupply final : public Supply, private Stream {
  public:
    WorkerSupply(const os::Channel& worker, const engine::Engine& engine) : worker_(worker), engine_(engine) {}

    // Valid until: the run ends. `given`: what came with it. `ring`: of a stream.
    void begin_run(Request& request, const std::vector<std::shared_ptr<const os::Pages>>& given, std::shared_ptr<const os::Pages> ring,
                   uint64_t timeout_ms) {
        ring_ = std::move(ring);
        if (ring_) request.stream = this;
        timeout_ns_ = timeout_ms * 1'000'000;
        pieces_.clear();
        body_ended_ = false;
        away_.clear();
        files_.begin(given);
    }
    uint64_t number_of(int fd) const { return files_.number_of(fd); }
    // What was mapped of the objects of this run, which are let go.
    void end_run(WireWriter& to) { files_.write_use(to, files_.take_all()); }

    Result<std::shared_ptr<const registry::Object>> get_object(const ObjectName& name) override {
        INLAY_TRY_VOID(let_go_of_unused());
        INLAY_TRY(auto given, ask(lane_message(LaneMessage::open).bytes(name.bucket).bytes(name.key).take()));
        registry::Object object;
        object.record.name = name;
        object.record.size_bytes = given.size;
        object.pages = os::Pages(std::move(given.file), given.size, os::Pages::Home::disk);
        return files_.keep(std::move(object));
    }

    Result<uint64_t> get_size(const ObjectName& name) override {
        INLAY_TRY_VOID(tell(lane_message(LaneMessage::size).bytes(name.bucket).bytes(name.key).take()));
        INLAY_TRY(auto reader, await(LaneMessage::answer));
        INLAY_TRY_VOID(registry::read_verdict(reader));
        return reader.number();
    }

    Result<KeyPage> list_keys(std::string_view bucket, std::string_view prefix, std::string_view after) override {
        INLAY_TRY_VOID(tell(lane_message(LaneMessage::list).bytes(bucket).bytes(prefix).bytes(after).take()));
        INLAY_TRY(auto reader, await(LaneMessage::answer));
        INLAY_TRY_VOID(registry::read_verdict(reader));
        KeyPage page;
        read(reader, page);
        if (!reader.finished()) return registry::damaged_message();
        return page;
    }

    bool may_read(const std::shared_ptr<const os::Pages>&, uint64_t, uint64_t) override { return true; }

    Result<std::shared_ptr<const os::Pages>> create_output(uint64_t size) override {
        INLAY_TRY(auto given, ask(lane_message(LaneMessage::output).number(size).take()));
        return std::make_shared<const os::Pages>(std::move(given.file), size, os::Pages::Home::memory);
    }

    Result<Callee> admit(std::string_view name, uint64_t id) override {
        if (callees_.size() >= kLaneCalleesMax) callees_.clear();  // The worker gives them again.
        auto& known = callees_[std::string(name)];
        auto question = lane_message(LaneMessage::callee).bytes(name).bytes(known ? known->record.version : std::string_view()).number(id);
        INLAY_TRY_VOID(tell(question.take()));
        INLAY_TRY(auto reader, await(LaneMessage::answer));
        INLAY_TRY_VOID(registry::read_verdict(reader));
        Callee callee{nullptr, std::shared_ptr<void>(nullptr, [this](void*) { end_call(); })};
        if (reader.number() != 0) {
            INLAY_TRY(known, read_callee(reader));
        }
        if (!known || !reader.finished()) return registry::damaged_message();
        callee.function = known;
        return callee;
    }

    void note_call(const CallEnd& end) override { account_ = CallAccount(end); }

    bool hand_over(const Call& call, const CallTerms& terms, bool must) override {
        if (away_.size() >= kChildrenAwayMax || (!must && use_of_files(call.inputs).size() > kMessageFdsMax)) return false;
        auto message = lane_message(LaneMessage::spawn);
        write(message, call, [this](int fd) { return number_of(fd); });
        write(message, terms);
        std::string bytes = message.number(must).take();
        const bool fits = bytes.size() <= kMessageBytesMax;
        if (fits && !tell(bytes).ok()) is_gone_ = true;
        if (!fits && !must) return false;
        auto& news = away_[call.id];
        if (!fits) news = CallNews{Outcome{.how = Refused{Error{Errc::overloaded, "its inputs say too much for another process (kMessageBytesMax): hand over windows instead of own memory"}}}};
        return true;
    }

    void look_for_news() override {
        while (!is_gone_ && has_message()) is_gone_ = !receive_unasked();
    }

    std::optional<CallNews> take_news(uint64_t id) override {
        auto found = away_.find(id);
        if (found == away_.end()) return CallNews{Outcome{.how = Refused{worker_gone()}}};
        if (!found->second) return std::nullopt;
        CallNews news = std::move(*found->second);
        away_.erase(found);
        return news;
    }

    bool await_news() override {
        if (is_gone_ || !tell(lane_message(LaneMessage::await).take()).ok()) return false;
        is_gone_ = !receive_unasked();
        return !is_gone_;
    }

    void drop_call(uint64_t id) override {
        auto call = away_.extract(id);
        const bool has_ended = call && call.mapped();
        if (!has_ended) (void)tell(lane_message(LaneMessage::drop).number(id).take());
    }

    bool take_log_line(uint64_t level, std::string_view text) override {
        auto sent = worker_.send(lane_message(LaneMessage::log).number(level).bytes(text).take(), {});
        return sent.ok() && *sent == os::Transfer::done;
    }

  private:
    const std::shared_ptr<const os::Pages>& ring() const override { return ring_; }

    std::optional<Result<RingPiece>> receive() override {
        if (auto asked = ask_for_piece(); !asked.ok()) return Result<RingPiece>(std::move(asked).error());
        auto piece = pieces_.front();
        body_ended_ = !piece.ok() || piece->length == 0;
        if (!body_ended_) pieces_.pop_front();  // The end, or the error, is there for whoever asks again.
        return piece;
    }

    std::optional<Result<>> send(const Response& part) override { return send_part(part); }

    Result<> ask_for_piece() {
        if (!body_ended_) INLAY_TRY_VOID(tell(lane_message(LaneMessage::receive).take()));
        os::end_this_process_at(0);
        while (pieces_.empty()) INLAY_TRY_VOID(await(LaneMessage::piece));
        begin_time();
        return {};
    }

    Result<> send_part(const Response& part) {
        auto message = lane_message(LaneMessage::send);
        write(message, part, [this](int fd) { return number_of(fd); });
        INLAY_TRY_VOID(tell(message.take()));
        os::end_this_process_at(0);
        INLAY_TRY(auto reader, await(LaneMessage::answer));
        begin_time();
        return registry::read_verdict(reader);
    }

    // The guest's time does not run while it waits for its client.
    void begin_time() const { os::end_this_process_at(monotonic_ns() + timeout_ns_ + kAlarmGraceNs); }

    Result<> tell(const std::string& message) {
        INLAY_TRY(auto sent, worker_.send(message, {}));
        if (sent != os::Transfer::done) return worker_gone();
        return {};
    }

    // The fields of the worker's next message of this kind; pieces of the body and news of calls may come before it. Valid until: the
    // next call.
    Result<WireReader> await(LaneMessage wanted) {
        for (;;) {
            INLAY_TRY(auto received, worker_.receive(message_));
            if (received != os::Transfer::done) return worker_gone();
            WireReader reader(message_.bytes);
            auto kind = static_cast<LaneMessage>(reader.number());
            bool is_unasked = kind == LaneMessage::piece || kind == LaneMessage::news;
            if (is_unasked && !keep(kind, reader)) return registry::damaged_message();
            if (kind == wanted) return reader;
            if (!is_unasked) return registry::damaged_message();
        }
    }

    bool has_message() const {
        auto readable = worker_.wait_readable(0);
        return readable.ok() && *readable;
    }

    // Takes one message that nobody has asked for. False: it is another one, or the worker is gone.
    bool receive_unasked() {
        auto received = worker_.receive(message_);
        if (!received.ok() || *received != os::Transfer::done) return false;
        WireReader reader(message_.bytes);
        auto kind = static_cast<LaneMessage>(reader.number());
        return (kind == LaneMessage::piece || kind == LaneMessage::news) && keep(kind, reader);
    }

    bool keep(LaneMessage kind, WireReader reader) { return kind == LaneMessage::piece ? keep_piece(reader) : keep_news(reader); }

    // False: damaged. What it brings counts as given, also where nobody wants it any more.
    bool keep_news(WireReader reader) {
        const uint64_t id = reader.number(), count = reader.number();
        std::unordered_map<uint64_t, std::shared_ptr<const os::Pages>> given;
        if (count > kMessageFdsMax || (message_.fds.size() != count && !message_.fds_lost)) return false;
        for (size_t i = 0; i < count; i++) {
            const uint64_t size = reader.number();
            if (message_.fds_lost) {
                files_.add(-1);
                continue;
            }
            auto pages = std::make_shared<const os::Pages>(std::move(message_.fds[i]), size, os::Pages::Home::memory);
            given[files_.add(pages->fd())] = std::move(pages);
        }
        CallNews news;
        if (reader.number() != 0) {
            read(reader, news.outcome.emplace(), [&](uint64_t number) {
                auto found = given.find(number);
                return found == given.end() ? nullptr : found->second;
            });
            if (message_.fds_lost) news.outcome = Outcome{.how = Refused{Error{Errc::overloaded, "this lane has no descriptors left"}}};
            if (!message_.fds_lost && !reader.finished()) return false;
        }
        if (auto found = away_.find(id); found != away_.end()) found->second = std::move(news);
        return true;
    }

    // False: damaged.
    bool keep_piece(WireReader reader) {
        if (auto verdict = registry::read_verdict(reader); !verdict.ok()) {
            pieces_.push_back(std::move(verdict).error());
            return true;
        }
        RingPiece piece{reader.number(), reader.number()};
        pieces_.push_back(piece);
        return reader.finished() && piece.offset <= kStreamRingBytes && piece.length <= kStreamRingBytes - piece.offset;
    }

    Result<std::shared_ptr<const registry::Function>> read_callee(WireReader& reader) {
        auto function = std::make_shared<registry::Function>();
        registry::read(reader, function->record);
        if (message_.fds_lost) return Error{Errc::overloaded, "this lane has no descriptors left"};
        if (!reader.finished() || message_.fds.size() != 1) return registry::damaged_message();
        INLAY_TRY(auto mapped, registry::map_compiled_file(message_.fds.front().get()));
        INLAY_TRY(function->program, engine::Program::load(engine_, mapped.code));
        return std::shared_ptr<const registry::Function>(std::move(function));
    }

    // Lost with the worker, if it is gone.
    void end_call() {
        auto message = lane_message(LaneMessage::called);
        write(message, std::exchange(account_, {}));
        (void)tell(message.take());
    }

    struct Answer {
        uint64_t size = 0;
        os::Fd file;
    };

    Result<Answer> ask(const std::string& question) {
        INLAY_TRY_VOID(tell(question));
        INLAY_TRY(auto reader, await(LaneMessage::answer));
        INLAY_TRY_VOID(registry::read_verdict(reader));
        if (message_.fds_lost) {
            files_.add(-1);  // The worker has counted it.
            return Error{Errc::overloaded, "this lane has no descriptors left"};
        }
        Answer answer{reader.number(), {}};
        if (!reader.finished() || message_.fds.size() != 1) return registry::damaged_message();
        answer.file = std::move(message_.fds.front());
        files_.add(answer.file.get());
        return answer;
    }

    // The worker lets them go, too.
    Result<> let_go_of_unused() {
        const auto unused = files_.take_unused();
        if (unused.empty()) return {};
        auto message = lane_message(LaneMessage::let_go);
        files_.write_use(message, unused);
        return tell(message.take());
    }

    const os::Channel& worker_;
    const engine::Engine& engine_;
    std::unordered_map<std::string, std::shared_ptr<const registry::Function>> callees_;  // At most kLaneCalleesMax.
    CallAccount account_;                        // Of the call that has run last.
    std::unordered_map<uint64_t, std::optional<CallNews>> away_;  // What was handed over, with what has come of it; at most kChildrenAwayMax.
    bool is_gone_ = false;                       // The worker.
    os::Message message_;
    LaneFiles files_;
    std::shared_ptr<const os::Pages> ring_;      // Of a stream.
    uint64_t timeout_ns_ = 0;
    std::deque<Result<RingPiece>> pieces_;       // That have come and were not asked for yet.
    bool body_ended_ = false;                    // The guest knows.
};

struct Loaded {
    std::unique_ptr<engine::Engine> engine;
    registry::Function function;
};

Result<Loaded> load(const os::Message& message, const std::function<Result<>()>& before_code) {
    WireReader reader(message.bytes);
    bool is_load = static_cast<LaneMessage>(reader.number()) == LaneMessage::load;
    Loaded loaded;
    registry::read(reader, loaded.function.record);
    auto checks = static_cast<engine::Checks>(reader.number());
    if (!is_load || !reader.finished() || message.fds.size() != 1) return registry::damaged_message();
    INLAY_TRY(loaded.engine, engine::Engine::create_for_lane(host_functions(), checks));
    if (checks == engine::Checks::epoch) INLAY_TRY_VOID(engine::Watchdog::start(*loaded.engine));
    INLAY_TRY_VOID(before_code());
    INLAY_TRY(auto mapped, registry::map_compiled_file(message.fds.front().get()));
    INLAY_TRY(loaded.function.program, engine::Program::load(*loaded.engine, mapped.code));
    return loaded;
}

// Sends an outcome, in several messages where it is long.
Result<> send_outcome(const os::Channel& worker, const Outcome& outcome, WorkerSupply& supply) {
    constexpr size_t kPartBytesMax = kMessageBytesMax - 64;
    WireWriter writer;
    supply.end_run(writer);
    write(writer, outcome, [&](int fd) { return supply.number_of(fd); });
    std::string bytes = writer.take();
    std::string_view rest = bytes;
    while (true) {
        auto part = rest.substr(0, kPartBytesMax);
        rest.remove_prefix(part.size());
        auto kind = rest.empty() ? LaneMessage::outcome : LaneMessage::outcome_part;
        INLAY_TRY(auto sent, worker.send(lane_message(kind).bytes(part).take(), {}));
        if (sent != os::Transfer::done) return worker_gone();
        if (rest.empty()) return {};
    }
}

Result<> run_one(const os::Channel& worker, const Loaded& loaded, os::Message& message, WorkerSupply& supply) {
    WireReader reader(message.bytes);
    bool is_run = static_cast<LaneMessage>(reader.number()) == LaneMessage::run;
    Terms terms;
    Request request;
    std::vector<HeadField> fields;
    std::vector<std::shared_ptr<const os::Pages>> given;
    read(reader, terms);
    if (!is_run || reader.number() != message.fds.size()) return registry::damaged_message();
    for (auto& file : message.fds) given.push_back(std::make_shared<const os::Pages>(std::move(file), reader.number(), os::Pages::Home::memory));
    bool streams = read(reader, request, fields, [&](uint64_t number) { return number - 1 < given.size() ? given[number - 1] : nullptr; });
    const bool has_pages = !given.empty() && !request.is_call;
    if (!reader.finished() || (streams && !has_pages)) return registry::damaged_message();
    if (has_pages && !streams) request.body.pages = given.front();
    terms.place = Place::lane;
    supply.begin_run(request, given, streams ? given.front() : nullptr, loaded.function.record.limits.timeout_ms);
    os::end_this_process_at(terms.deadline_ns + kAlarmGraceNs);
    auto outcome = execute(loaded.function, request, supply, terms);
    os::end_this_process_at(0);
    loaded.engine->views()->end_round();
    return send_outcome(worker, outcome, supply);
}

}  // namespace

Result<> serve_lane(const os::Channel& worker, const std::function<Result<>()>& before_code) {
    os::Message message;
    INLAY_TRY(auto received, worker.receive(message));
    if (received != os::Transfer::done) return {};
    INLAY_TRY(auto loaded, load(message, before_code));
    INLAY_TRY(auto told, worker.send(lane_message(LaneMessage::ready).take(), {}));
    if (told != os::Transfer::done) return {};
    WorkerSupply supply(worker, *loaded.engine);
    for (;;) {
        if (auto& views = *loaded.engine->views(); views.size() > 0) {
            INLAY_TRY(bool busy, worker.wait_readable(kViewsKeptMs));
            if (!busy) views.clear();
        }
        INLAY_TRY(received, worker.receive(message));
        if (received != os::Transfer::done) return {};
        auto kind = static_cast<LaneMessage>(WireReader(message.bytes).number());
        if (kind == LaneMessage::piece || kind == LaneMessage::news) continue;  // The guest did not ask for it.
        INLAY_TRY_VOID(run_one(worker, loaded, message, supply));
    }
}

}  // namespace inlay::run
