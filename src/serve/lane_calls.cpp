// What the guest of a lane calls: inside of it, where it only has a place here, or beside it.
#include <algorithm>
#include <utility>

#include "base/clock.hpp"
#include "base/limits.hpp"
#include "serve/children.hpp"
#include "serve/lane.hpp"
#include "serve/worker.hpp"

namespace inlay::serve {
using run::LaneMessage;
namespace {

constexpr size_t kNewsSpansMax = 100;  // Of less than 700 bytes each, as a name can be long: with what is small in a result they fit into a message.

using AllPages = std::vector<std::shared_ptr<const os::Pages>>;

// Each of them once.
AllPages pages_in(const std::optional<run::Outcome>& outcome) {
    AllPages all;
    auto add = [&](const std::shared_ptr<const os::Pages>& pages) {
        if (pages && std::find(all.begin(), all.end(), pages) == all.end()) all.push_back(pages);
    };
    auto* completed = outcome ? std::get_if<run::Completed>(&outcome->how) : nullptr;
    if (!completed) return all;
    for (const auto& piece : completed->response.content) add(piece.pages);
    for (const auto& staged : completed->effects) add(staged.pages);
    return all;
}

run::Outcome too_much() {
    return {.how = run::Refused{Error{Errc::overloaded, "its result lies in too many files for its caller (kMessageFdsMax), or says too much "
                                                        "(kMessageBytesMax): give back less, or one output window"}}};
}

}  // namespace

// The callee runs in the lane itself, in checked code, whatever else there is: its place is held here meanwhile.
bool Lane::answer_callee(WireReader& reader) {
    auto name = reader.bytes(), version_there = reader.bytes();
    uint64_t id = reader.number();
    if (!reader.finished() || calls_.size() >= kCallDepthMax) return false;
    if (checks_ != engine::Checks::epoch) return answer({Errc::not_implemented, "an isolated function shares no process with others"});
    auto callee = admit_callee(worker_, name);
    if (!callee.ok()) return answer(callee.error());
    calls_.push_back({std::move(callee->function), std::move(callee->in_flight), id, monotonic_ns()});
    const auto& function = *calls_.back().function;
    auto message = std::move(run::lane_message(LaneMessage::answer).number(0));
    if (function.record.version == version_there) return send(std::move(message.number(0)), {});
    registry::write(message.number(1), function.record);
    return send(std::move(message), {function.compiled.get()});
}

// What the lane says of the time is believed as far as it can be true.
bool Lane::end_call(WireReader& reader) {
    run::CallAccount said;
    run::read(reader, said);
    if (!reader.finished() || calls_.empty()) return false;
    Call call = std::move(calls_.back());
    calls_.pop_back();
    const uint64_t cpu_ns = std::min(said.cpu_ns, monotonic_ns() - call.began_ns);
    callees_cpu_ns_ += cpu_ns;
    said.cpu_ns = cpu_ns;
    said.log.function = call.function->record.name;
    said.log.invocation = run::invocation_id_text({.id = call.id});
    said.log.trace = trace_.text();
    account_call(worker_, *caller(), *call.function, said);
    return true;
}

bool Lane::take_log(WireReader& reader, const run::Terms& terms) {
    registry::LogLines::Line line{reader.number(), std::string(reader.bytes().substr(0, kLogLineBytesMax))};
    Call* call = calls_.empty() ? nullptr : &calls_.back();
    const auto& record = (call ? call->function : function_)->record;
    uint64_t& bytes = call ? call->log_bytes : log_bytes_;
    bytes += line.text.size();
    if (++(call ? call->log_lines : log_lines_) > kLogLinesPerInvocationMax || bytes > record.limits.log_bytes) return false;
    worker_.log({record.name, run::invocation_id_text(call ? run::Terms{.id = call->id} : terms), std::string(trace_.text()), {std::move(line)}});
    return reader.finished();
}

bool Lane::answer_spawn(WireReader& reader, const run::Terms& terms) {
    run::Call call;
    run::CallTerms call_terms;
    if (!run::read(reader, call, [this](uint64_t number) { return given(number); })) return false;
    run::read(reader, call_terms);
    const bool must = reader.number() != 0;
    if (!reader.finished() || call_terms.depth == 0 || !check_name("function", call.name).ok()) return false;
    if (!stream_) call_terms.deadline_ns = std::min(call_terms.deadline_ns, terms.deadline_ns);
    call_terms.trace = terms.trace;
    if (!children_) children_ = std::make_shared<Children>(worker_, kChildrenAwayMax, [this] { tell_news(); });
    return children_->begin(std::move(call), call_terms, caller(), must);
}

bool Lane::answer_await() {
    if (!children_) return false;
    children_->note_idle();
    if (children_->need_room() && !std::exchange(has_lent_room_, true)) worker_.lanes().lend_room();
    tell_news();
    return true;
}

void Lane::take_room_back() {
    if (std::exchange(has_lent_room_, false)) worker_.lanes().take_room_back();
}

bool Lane::drop_child(WireReader& reader) {
    const uint64_t id = reader.number();
    if (!reader.finished() || !children_) return false;
    children_->drop(id);
    return true;
}

// As much as the lane takes now: it says when it has nothing else to do.
void Lane::tell_news() {
    while (auto news = children_->take()) {
        take_room_back();
        if (news->outcome) news->outcome->spans.keep_latest(kNewsSpansMax);
        const auto sent = send_news(news->id, news->outcome);
        if (sent == os::Transfer::done) continue;
        if (sent == os::Transfer::would_block) return children_->put_back(std::move(*news));
        return end();
    }
}

// What lies in pages is given anew, also if the lane had it before: it may have let go of it since.
os::Transfer Lane::send_news(uint64_t id, const std::optional<run::Outcome>& outcome) {
    const auto pages = pages_in(outcome);
    std::vector<int> fds;
    auto message = run::lane_message(LaneMessage::news);
    message.number(id).number(pages.size());
    for (const auto& one : pages) {
        message.number(one->size());
        fds.push_back(one->fd());
    }
    auto number_of_fd = [&](int fd) {
        return given_.size() + static_cast<uint64_t>(std::find(fds.begin(), fds.end(), fd) - fds.begin()) + 1;
    };
    message.number(outcome.has_value());
    if (outcome) run::write(message, *outcome, number_of_fd);
    const std::string bytes = message.take();
    const bool fits = fds.size() <= kMessageFdsMax && has_room_for(fds.size()) && bytes.size() <= kMessageBytesMax;
    if (!fits) return send_news(id, too_much());
    auto sent = channel_.send(bytes, fds);
    if (!sent.ok()) return os::Transfer::closed;
    if (*sent == os::Transfer::done) given_.insert(given_.end(), pages.begin(), pages.end());
    return *sent;
}

// The number of pages that the lane has, or gets.
uint64_t Lane::number_of(const std::shared_ptr<const os::Pages>& pages) {
    if (!pages) return 0;
    if (uint64_t known = number_of(pages->fd())) return known;
    given_.push_back(pages);
    return given_.size();
}

uint64_t Lane::number_of(int fd) const {
    auto found = std::find_if(given_.begin(), given_.end(), [&](const auto& pages) { return pages && pages->fd() == fd; });
    return found == given_.end() ? 0 : static_cast<uint64_t>(found - given_.begin()) + 1;
}

}  // namespace inlay::serve
