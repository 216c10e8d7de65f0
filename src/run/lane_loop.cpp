// load, then run after run; names and pages are asked for at the worker.
#include "run/lane_loop.hpp"

#include <algorithm>
#include <deque>

#include "base/clock.hpp"
#include "base/limits.hpp"
#include "engine/engine.hpp"
#include "os/process.hpp"
#include "registry/compiled_file.hpp"
#include "registry/messages.hpp"
#include "run/executor.hpp"
#include "run/host_api.hpp"
#include "run/lane_messages.hpp"
#include "run/stream.hpp"

namespace inlay::run {
namespace {

constexpr uint64_t kAlarmGraceNs = 2'000'000'000;  // The worker kills in time; the alarm is for a lane that it has left behind.

Error worker_gone() { return Error{Errc::draining, "the worker is gone"}; }

// What the worker gave during one run, by number from 1, and the questions that bring more.
class WorkerSupply final : public Supply, private Stream {
  public:
    explicit WorkerSupply(const os::Channel& worker) : worker_(worker) {}

    // Valid until: the run ends. `ring`: of a stream.
    void begin_run(Request& request, std::shared_ptr<const os::Pages> ring, uint64_t timeout_ms) {
        ring_ = std::move(ring);
        if (ring_) request.stream = this;
        timeout_ns_ = timeout_ms * 1'000'000;
        pieces_.clear();
        body_ended_ = false;
        fds_.clear();
        if (request.body.pages) fds_.push_back(request.body.pages->fd());
        if (ring_) fds_.push_back(ring_->fd());
    }
    uint64_t number_of(int fd) const {
        // The latest of that number: an earlier one has been closed since.
        auto found = std::find(fds_.rbegin(), fds_.rend(), fd);
        return static_cast<uint64_t>(fds_.rend() - found);
    }
    // What was mapped of the objects of this run, which are let go.
    void end_run(WireWriter& to) {
        to.number(objects_.size());
        for (const auto& object : objects_) to.number(number_of(object->pages.fd())).number(object->pages.use().mapped_bytes);
        objects_.clear();
    }

    Result<std::shared_ptr<const registry::Object>> get_object(const ObjectName& name) override {
        INLAY_TRY(auto given, ask(lane_message(LaneMessage::open).bytes(name.bucket).bytes(name.key).take()));
        auto object = std::make_shared<registry::Object>();
        object->record.name = name;
        object->record.size_bytes = given.size;
        object->pages = os::Pages(std::move(given.file), given.size, os::Pages::Home::disk);
        objects_.push_back(std::move(object));
        return objects_.back();
    }

    bool may_read(const std::shared_ptr<const os::Pages>&, uint64_t, uint64_t) override { return true; }

    Result<std::shared_ptr<const os::Pages>> create_output(uint64_t size) override {
        INLAY_TRY(auto given, ask(lane_message(LaneMessage::output).number(size).take()));
        return std::make_shared<const os::Pages>(std::move(given.file), size, os::Pages::Home::memory);
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

    // The fields of the worker's next message of this kind; pieces of the body may come before it. Valid until: the next call.
    Result<WireReader> await(LaneMessage wanted) {
        for (;;) {
            INLAY_TRY(auto received, worker_.receive(message_));
            if (received != os::Transfer::done) return worker_gone();
            WireReader reader(message_.bytes);
            auto kind = static_cast<LaneMessage>(reader.number());
            if (kind == LaneMessage::piece && !keep_piece(reader)) return registry::damaged_message();
            if (kind == wanted) return reader;
            if (kind != LaneMessage::piece) return registry::damaged_message();
        }
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

    struct Answer {
        uint64_t size = 0;
        os::Fd file;
    };

    Result<Answer> ask(const std::string& question) {
        INLAY_TRY_VOID(tell(question));
        INLAY_TRY(auto reader, await(LaneMessage::answer));
        INLAY_TRY_VOID(registry::read_verdict(reader));
        if (message_.fds_lost) {
            fds_.push_back(-1);  // The worker has counted it.
            return Error{Errc::overloaded, "this lane has no descriptors left"};
        }
        Answer answer{reader.number(), {}};
        if (!reader.finished() || message_.fds.size() != 1) return registry::damaged_message();
        answer.file = std::move(message_.fds.front());
        fds_.push_back(answer.file.get());
        return answer;
    }

    const os::Channel& worker_;
    os::Message message_;
    std::vector<int> fds_;
    std::vector<std::shared_ptr<const registry::Object>> objects_;
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
    read(reader, terms);
    bool streams = read(reader, request, fields);
    if (!is_run || !reader.finished() || message.fds.size() > 1 || (streams && message.fds.empty())) return registry::damaged_message();
    std::shared_ptr<const os::Pages> ring;
    if (streams)
        ring = std::make_shared<const os::Pages>(std::move(message.fds.front()), kStreamRingBytes, os::Pages::Home::memory);
    else if (!message.fds.empty())
        request.body.pages =
            std::make_shared<const os::Pages>(std::move(message.fds.front()), request.body.size, os::Pages::Home::memory);
    terms.place = Place::lane;
    supply.begin_run(request, std::move(ring), loaded.function.record.limits.timeout_ms);
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
    WorkerSupply supply(worker);
    for (;;) {
        if (auto& views = *loaded.engine->views(); views.size() > 0) {
            INLAY_TRY(bool busy, worker.wait_readable(kViewsKeptMs));
            if (!busy) views.clear();
        }
        INLAY_TRY(received, worker.receive(message));
        if (received != os::Transfer::done) return {};
        if (static_cast<LaneMessage>(WireReader(message.bytes).number()) == LaneMessage::piece) continue;  // The guest did not ask for it.
        INLAY_TRY_VOID(run_one(worker, loaded, message, supply));
    }
}

}  // namespace inlay::run
