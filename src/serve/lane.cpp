// Starts a lane, hands it one invocation after the other, and answers what it asks.
#include "serve/lane.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <algorithm>

#include "../../abi/inlay.h"
#include "base/clock.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"
#include "os/file.hpp"
#include "os/memfd.hpp"
#include "os/process.hpp"
#include "run/conclusion.hpp"
#include "serve/children.hpp"
#include "serve/key_pages.hpp"
#include "serve/lane_stream.hpp"
#include "serve/worker.hpp"

namespace inlay::serve {
namespace asio = boost::asio;
using run::LaneMessage;
namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr uint64_t kMsNs = 1'000'000;

engine::Checks best_checks(const registry::Function& function) {
    // Those that are called can have less time than their caller, which goes on: only checked code can be ended for that.
    if (function.calls) return engine::Checks::epoch;
    return function.record.isolated || function.unchecked->file ? engine::Checks::none : engine::Checks::epoch;
}

}  // namespace

asio::awaitable<Result<std::shared_ptr<Lane>>> Lane::create(Worker& worker, std::shared_ptr<const registry::Function> function) {
    auto pair = os::Channel::create_pair();
    if (!pair.ok()) co_return std::move(pair).error();
    auto started = co_await worker.call(registry::Call::start_lane, std::string(), std::vector<int>(1, pair->second.fd()));
    if (!started.ok()) co_return std::move(started).error();
    if (started->fds.size() != 1) co_return registry::damaged_message();
    Process process{std::move(started->fds.front()), static_cast<pid_t>(WireReader(started->fields).number())};
    std::shared_ptr<Lane> lane(new Lane(worker, std::move(function), std::move(pair->first), std::move(process)));
    if (!lane->readable_.is_open()) co_return Error{Errc::overloaded, "this worker has no descriptors left: retry later"};
    if (auto ready = lane->channel_.set_blocking(false); !ready.ok()) co_return std::move(ready).error();
    bool unchecked = lane->checks_ == engine::Checks::none;
    auto load = run::lane_message(LaneMessage::load);
    registry::write(load, lane->function_->record);
    load.number(static_cast<uint64_t>(lane->checks_));
    bool fetched = unchecked && lane->function_->unchecked->file;
    int code = fetched ? lane->function_->unchecked->file.get() : lane->function_->compiled.get();
    if (!lane->send(std::move(load), {code})) co_return Error{Errc::overloaded, "a lane does not start: retry later"};
    co_return lane;
}

Lane::Lane(Worker& worker, std::shared_ptr<const registry::Function> function, os::Channel channel, Process process)
    : worker_(worker),
      function_(std::move(function)),
      checks_(best_checks(*function_)),
      channel_(std::move(channel)),
      process_(std::move(process)),
      readable_(worker.executor()) {
    worker_.deadlines().add(*this);
    os::Fd readable = os::duplicate(channel_.fd());
    if (readable) readable_.assign(readable.release());
}

Lane::~Lane() {
    take_room_back();
    if (children_) children_->end();
    end();
}

void Lane::end() {
    if (!std::exchange(alive_, false)) return;
    cpu_ended_ns_ = os::processor_ns_of(process_.pid);
    os::kill_process(process_.fd.get());
}

void Lane::cancel() {
    why_ended_ = Error{Errc::overloaded, "nobody waits for it any more"};
    end();
}

bool Lane::serves(const registry::Function& function) const {
    return alive_ && is_of(function) && checks_ == best_checks(function);
}

bool Lane::still_there() const {
    auto readable = channel_.wait_readable(0);
    return readable.ok() && !*readable;
}

void Lane::set_idle(bool idle) {
    idle_ = idle;
    worker_.deadlines().expect(*this, idle ? kLaneIdleMs : Deadlines::kNever);
}

// Too long without work, or too long at it. The processor's time is looked at when it could be up: it never goes faster than the clock.
void Lane::on_deadline() {
    if (idle_) {
        end();
        return worker_.lanes().forget_dead();
    }
    if (cpu_left_ns() == 0)
        why_ended_ = run::over_cpu_error(function_->record);
    else if (monotonic_ns() + kMsNs >= deadline_ns_)
        why_ended_ = run::timed_out_error(function_->record);
    else
        return expect_end();
    end();
}

void Lane::begin_time(uint64_t deadline_ns) {
    deadline_ns_ = deadline_ns;
    expect_end();
}

void Lane::expect_end() {
    uint64_t now_ns = monotonic_ns();
    uint64_t left_ns = deadline_ns_ > now_ns ? deadline_ns_ - now_ns : 0;
    worker_.deadlines().expect(*this, std::min(left_ns, cpu_left_ns()) / kMsNs);
}

uint64_t Lane::cpu_left_ns() const {
    const uint64_t cpu_ns = std::max(os::processor_ns_of(process_.pid), cpu_began_ns_);  // 0 of one that is gone.
    const uint64_t limit_ns = function_->record.limits.cpu_ms * kMsNs;
    return limit_ns - std::min(limit_ns, cpu_ns - cpu_began_ns_);
}

// Of a process that ended by itself nothing is known any more: then all of the run's time counts.
uint64_t Lane::account(uint64_t began_ns, uint64_t cpu_before_ns) {
    const uint64_t ran_ns = monotonic_ns() - began_ns;
    uint64_t cpu_ns = alive_ ? os::processor_ns_of(process_.pid) : cpu_ended_ns_;
    uint64_t used_ns = cpu_ns >= cpu_before_ns ? cpu_ns - cpu_before_ns : ran_ns;
    used_ns -= std::min(used_ns, callees_cpu_ns_);
    registry::FunctionAccount::add(worker_.admission().account_of(*function_).cpu_ns, used_ns);
    function_->lane_time->add(coarse_ms(), ran_ns / 1000);
    return used_ns;
}

asio::awaitable<run::Outcome> Lane::run(const run::Request& request, const run::Terms& terms, LaneStream* stream) {
    given_.clear();
    let_go_ = 0;
    outputs_.clear();
    outcome_bytes_.clear();
    log_lines_ = 0;
    log_bytes_ = 0;
    callees_cpu_ns_ = 0;
    trace_ = terms.trace;
    why_ended_.reset();
    auto message = run::lane_message(LaneMessage::run);
    if (const auto& pages = request.stream ? request.stream->ring() : request.body.pages) given_.push_back(pages);
    for (const auto& piece : request.inputs) number_of(piece.pages);
    if (given_.size() > kMessageFdsMax) {
        given_.clear();
        co_return run::Outcome{.how = run::Refused{Error{Errc::overloaded, "its inputs lie in too many files for a lane (kMessageFdsMax): hand over ranges of fewer objects and outputs"}}};
    }
    run::write(message, terms);
    message.number(given_.size());
    for (const auto& pages : given_) message.number(pages->size());
    run::write(message, request, [&](int fd) { return number_of(fd); });
    std::vector<int> fds;
    for (const auto& pages : given_) fds.push_back(pages->fd());
    const uint64_t began_ns = monotonic_ns(), cpu_before_ns = os::processor_ns_of(process_.pid);
    cpu_began_ns_ = cpu_before_ns;
    begin_time(terms.deadline_ns);
    std::optional<run::Outcome> outcome;
    bool going = send(std::move(message), fds);
    stream_ = stream;
    if (stream_) stream_->begin(*this);
    while (going && !outcome) {
        auto [error] = co_await readable_.async_wait(asio::posix::stream_descriptor::wait_read, kAwait);
        going = !error && answer_messages(request, terms, outcome);
        if (going && part_) going = co_await send_part();
        if (going && listing_) going = co_await answer_list();
    }
    if (stream_) std::exchange(stream_, nullptr)->end();
    part_.reset();
    listing_.reset();
    worker_.deadlines().expect(*this, Deadlines::kNever);
    take_room_back();
    if (children_) std::exchange(children_, nullptr)->end();
    given_.clear();
    calls_.clear();
    if (!outcome) end();
    const uint64_t cpu_ns = account(began_ns, cpu_before_ns);
    if (!outcome) {
        outcome = lost_outcome();
        outcome->log.invocation = run::invocation_id_text(terms);
        outcome->log.function = function_->record.name;
        outcome->log.trace = trace_.text();
        outcome->log.lines.push_back({INLAY_LOG_ERROR, std::get<run::Trapped>(outcome->how).error.detail});
    }
    outcome->cost.cpu_ns = cpu_ns;
    co_return std::move(*outcome);
}

void Lane::tell(WireWriter message) {
    if (!send(std::move(message), {})) end();
}

void Lane::let_time_run(bool runs) {
    if (runs)
        begin_time(monotonic_ns() + function_->record.limits.timeout_ms * kMsNs);
    else
        worker_.deadlines().expect(*this, Deadlines::kNever);
}

run::Outcome Lane::lost_outcome() const {
    run::Outcome outcome;
    outcome.how = run::Trapped{why_ended_.value_or(Error{
        Errc::lane_lost, fmt::format("the process that ran function {:?} ended without an answer; nothing of it took effect: retry",
                                     function_->record.name)})};
    return outcome;
}

bool Lane::send(WireWriter message, const std::vector<int>& fds) {
    std::string bytes = message.take();
    if (bytes.size() > kMessageBytesMax) return false;  // Cannot be: a head and a small body are far below.
    auto sent = channel_.send(bytes, fds);
    return sent.ok() && *sent == os::Transfer::done;
}

// Everything that has come. False: the lane is gone or of no more use.
bool Lane::answer_messages(const run::Request& request, const run::Terms& terms, std::optional<run::Outcome>& outcome) {
    for (unsigned answered = 0; answered < kMessagesAtOnce && !outcome && !is_waiting(); answered++) {
        auto received = channel_.receive(received_);
        if (received.ok() && *received == os::Transfer::would_block) return true;
        if (!received.ok() || *received == os::Transfer::closed) return false;
        if (has_lost_input()) {
            outcome.emplace().how = run::Trapped{registry::changed_error()};
            end();
            return true;
        }
        if (!answer_message(request, terms, outcome)) {
            spdlog::error("a lane of function {} breaks the protocol; ending it", function_->record.name);
            return false;
        }
    }
    return true;
}

bool Lane::answer_message(const run::Request& request, const run::Terms& terms, std::optional<run::Outcome>& outcome) {
    WireReader reader(received_.bytes);
    switch (static_cast<LaneMessage>(reader.number())) {
        case LaneMessage::open: return answer_open(request, reader);
        case LaneMessage::size: return answer_size(request, reader);
        case LaneMessage::let_go: return let_go(reader);
        case LaneMessage::output: return answer_output(reader);
        case LaneMessage::list: return read_listing(reader);
        case LaneMessage::receive: return stream_ && reader.finished() && stream_->ask();
        case LaneMessage::send: return stream_ && read_part(reader);
        case LaneMessage::ready:
            if (std::exchange(ready_, true) || !reader.finished()) return false;
            cpu_began_ns_ = os::processor_ns_of(process_.pid);  // Its start is charged, but is not the guest's time.
            return true;
        case LaneMessage::callee: return answer_callee(reader);
        case LaneMessage::called: return end_call(reader);
        case LaneMessage::spawn: return answer_spawn(reader, terms);
        case LaneMessage::await: return reader.finished() && answer_await();
        case LaneMessage::drop: return drop_child(reader);
        case LaneMessage::log: return take_log(reader, terms);
        case LaneMessage::outcome_part:
        case LaneMessage::outcome: {
            bool whole = static_cast<LaneMessage>(WireReader(received_.bytes).number()) == LaneMessage::outcome;
            outcome_bytes_ += reader.bytes();
            if (!reader.finished() || outcome_bytes_.size() > kLaneOutcomeBytesMax) return false;
            return !whole || read_outcome(terms, outcome);
        }
        default: return false;
    }
}

// Whether what the guest does now may come of bytes that nobody has written for it.
bool Lane::has_lost_input() const {
    return std::any_of(given_.begin(), given_.end(), [](const auto& pages) { return pages && pages->lost(); });
}

bool Lane::answer(const Error& error) {
    return send(std::move(run::lane_message(LaneMessage::answer).number(1).number(static_cast<uint64_t>(error.code)).bytes(error.detail)), {});
}

bool Lane::answer(std::shared_ptr<const os::Pages> pages) {
    int fd = pages->fd();
    uint64_t size = pages->size();
    given_.push_back(std::move(pages));
    return send(std::move(run::lane_message(LaneMessage::answer).number(0).number(size)), {fd});
}

bool Lane::read_listing(WireReader& reader) {
    listing_.emplace();
    listing_->kind = registry::ListingKind::objects;
    listing_->name = reader.bytes();
    listing_->prefix = reader.bytes();
    listing_->after = reader.bytes();
    listing_->limit = kSupplyKeysMax;
    return reader.finished() && check_name("bucket", listing_->name).ok();
}

// What has no room in a message is asked for again.
asio::awaitable<bool> Lane::answer_list() {
    auto page = co_await list_keys(worker_, *listing_);
    listing_.reset();
    if (!page.ok()) co_return answer(page.error());
    size_t bytes = 0, fits = 0;
    while (fits < page->keys.size() && bytes < kMessageBytesMax / 2) bytes += page->keys[fits++].size() + sizeof(uint64_t);
    if (fits < page->keys.size()) {
        page->keys.resize(fits);
        page->next = page->keys.back();
    }
    auto message = std::move(run::lane_message(LaneMessage::answer).number(0));
    run::write(message, *page);
    co_return send(std::move(message), {});
}

bool Lane::read_part(WireReader& reader) {
    return run::read(reader, part_.emplace(), [this](uint64_t number) { return given(number); }) && reader.finished();
}

asio::awaitable<bool> Lane::send_part() {
    bool sent = co_await stream_->send(std::move(*part_));
    part_.reset();
    if (!sent) co_return answer({Errc::bad_request, "the client is gone, or does not read its response"});
    co_return send(std::move(run::lane_message(LaneMessage::answer).number(0)), {});
}

bool Lane::read_outcome(const run::Terms& terms, std::optional<run::Outcome>& outcome) {
    WireReader reader(outcome_bytes_);
    run::Outcome said;
    if (!read_use(reader)) return false;
    run::read(reader, said, [this](uint64_t number) { return given(number); });
    if (!reader.finished()) return false;
    said.log.function = function_->record.name;
    said.log.invocation = run::invocation_id_text(terms);
    said.log.trace = trace_.text();
    // What the guest wrote becomes final before anybody else sees it.
    if (std::holds_alternative<run::Completed>(said.how))
        for (int output : outputs_)
            if (!os::seal(output).ok()) return false;
    outcome = std::move(said);  // Only now: all of it has been checked.
    return true;
}

}  // namespace inlay::serve
