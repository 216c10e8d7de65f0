// load, then run after run; names and pages are asked for at the worker.
#include "run/lane_loop.hpp"

#include <algorithm>

#include "base/limits.hpp"
#include "engine/engine.hpp"
#include "os/process.hpp"
#include "registry/compiled_file.hpp"
#include "registry/messages.hpp"
#include "run/executor.hpp"
#include "run/host_api.hpp"
#include "run/lane_messages.hpp"

namespace inlay::run {
namespace {

constexpr uint64_t kAlarmGraceNs = 2'000'000'000;  // The worker kills in time; the alarm is for a lane that it has left behind.

Error worker_gone() { return Error{Errc::draining, "the worker is gone"}; }

// What the worker gave during one run, by number from 1, and the questions that bring more.
class WorkerSupply final : public Supply {
  public:
    explicit WorkerSupply(const os::Channel& worker) : worker_(worker) {}

    void begin_run(const Body& body) {
        fds_.clear();
        if (body.pages) fds_.push_back(body.pages->fd());
    }
    uint64_t number_of(int fd) const {
        // The latest of that number: an earlier one has been closed since.
        auto found = std::find(fds_.rbegin(), fds_.rend(), fd);
        return static_cast<uint64_t>(fds_.rend() - found);
    }

    Result<std::shared_ptr<const registry::Object>> get_object(const ObjectName& name) override {
        INLAY_TRY(auto given, ask(lane_message(LaneMessage::open).bytes(name.bucket).bytes(name.key).take()));
        auto object = std::make_shared<registry::Object>();
        object->record.name = name;
        object->record.size_bytes = given.size;
        object->pages = os::Pages(std::move(given.file), given.size, os::Pages::Home::disk);
        return std::shared_ptr<const registry::Object>(std::move(object));
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
    struct Answer {
        uint64_t size = 0;
        os::Fd file;
    };

    Result<Answer> ask(const std::string& question) {
        INLAY_TRY(auto sent, worker_.send(question, {}));
        if (sent != os::Transfer::done) return worker_gone();
        INLAY_TRY(auto received, worker_.receive(message_));
        if (received != os::Transfer::done) return worker_gone();
        WireReader reader(message_.bytes);
        if (static_cast<LaneMessage>(reader.number()) != LaneMessage::answer) return registry::damaged_message();
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
};

struct Loaded {
    std::unique_ptr<engine::Engine> engine;
    registry::Function function;
};

Result<Loaded> load(const os::Message& message) {
    WireReader reader(message.bytes);
    bool is_load = static_cast<LaneMessage>(reader.number()) == LaneMessage::load;
    Loaded loaded;
    registry::read(reader, loaded.function.record);
    auto checks = static_cast<engine::Checks>(reader.number());
    if (!is_load || !reader.finished() || message.fds.size() != 1) return registry::damaged_message();
    INLAY_TRY(auto mapped, registry::map_compiled_file(message.fds.front().get()));
    INLAY_TRY(loaded.engine, engine::Engine::create_for_lane(host_functions(), checks));
    INLAY_TRY(loaded.function.program, engine::Program::load(*loaded.engine, mapped.code));
    return loaded;
}

// Sends an outcome, in several messages where it is long.
Result<> send_outcome(const os::Channel& worker, const Outcome& outcome, const WorkerSupply& supply) {
    constexpr size_t kPartBytesMax = kMessageBytesMax - 64;
    WireWriter writer;
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
    read(reader, request, fields);
    if (!is_run || !reader.finished() || message.fds.size() > 1) return registry::damaged_message();
    if (!message.fds.empty())
        request.body.pages =
            std::make_shared<const os::Pages>(std::move(message.fds.front()), request.body.size, os::Pages::Home::memory);
    terms.place = Place::lane;
    supply.begin_run(request.body);
    os::end_this_process_at(terms.deadline_ns + kAlarmGraceNs);
    auto outcome = execute(loaded.function, request, supply, terms);
    os::end_this_process_at(0);
    return send_outcome(worker, outcome, supply);
}

}  // namespace

Result<> serve_lane(const os::Channel& worker) {
    os::Message message;
    INLAY_TRY(auto received, worker.receive(message));
    if (received != os::Transfer::done) return {};
    INLAY_TRY(auto loaded, load(message));
    WorkerSupply supply(worker);
    for (;;) {
        INLAY_TRY(received, worker.receive(message));
        if (received != os::Transfer::done) return {};
        INLAY_TRY_VOID(run_one(worker, loaded, message, supply));
    }
}

}  // namespace inlay::run
