// WASI: arguments, environment, clocks, randomness, waiting, the end. There are no sockets.
#include <algorithm>
#include <chrono>
#include <cstring>
#include <thread>

#include "base/clock.hpp"
#include "engine/watchdog.hpp"
#include "run/wasi.hpp"
#include "run/wasi_cgi.hpp"

namespace inlay::run::wasi {
namespace {

constexpr uint64_t kSleepPieceNs = 10'000'000;
constexpr uint64_t kTickNs = 50'000;

bool write_bytes(const Invocation& invocation, uint64_t address, std::string_view text) {
    if (address > UINT32_MAX || !invocation.memory) return false;
    auto room = invocation.memory->bytes(GuestPtr{static_cast<uint32_t>(address)}, GuestLen{static_cast<uint32_t>(text.size())});
    if (!room) return false;
    if (!text.empty()) std::memcpy(room->data(), text.data(), text.size());  // COPY: arguments, no content
    return true;
}

// A list of texts as C has it: pointers, and the texts, each with a NUL behind it.
int32_t write_list(const Invocation& invocation, const std::vector<std::string>& texts, GuestPtr pointers, GuestPtr bytes) {
    uint64_t at = static_cast<uint32_t>(bytes), pointer = static_cast<uint32_t>(pointers);
    for (const auto& text : texts) {
        const uint32_t address = static_cast<uint32_t>(at);
        const std::string_view with_end(text.c_str(), text.size() + 1);
        if (!write_bytes(invocation, at, with_end) || !write_bytes(invocation, pointer, {reinterpret_cast<const char*>(&address), sizeof address})) return kFault;
        at += with_end.size();
        pointer += sizeof address;
    }
    return kSuccess;
}

int32_t write_sizes(const Invocation& invocation, const std::vector<std::string>& texts, GuestPtr count, GuestPtr size) {
    uint32_t bytes = 0;
    for (const auto& text : texts) bytes += static_cast<uint32_t>(text.size() + 1);
    return write_guest(invocation, count, static_cast<uint32_t>(texts.size())) && write_guest(invocation, size, bytes) ? kSuccess : kFault;
}

// What a clock says; nullopt: there is none of this number. Of the processor's time it tells what has passed: more than that is not used.
// The monotonic one goes on from what the real one said when it was first asked: so it also measures from what a snapshot holds.
std::optional<uint64_t> told(Invocation& invocation, uint32_t clock) {
    const auto& coarse = invocation.terms.clock;
    if (clock > kClockThread) return std::nullopt;
    if (clock == kClockRealtime) return coarse.told(wall_ns());
    if (clock == kClockMonotonic) return coarse.told(monotonic_ns() + state_of(invocation).monotonic_begins_ns);
    return coarse.told(monotonic_ns()) - coarse.told(invocation.began_ns);
}

int32_t no_socket(Invocation& invocation, uint32_t fd) { return state_of(invocation).find(fd) ? kNotsock : kBadf; }

// An event that a clock brings: when, of our clock, and what its own clock says then.
struct Due {
    uint64_t at_ns = 0;
    uint64_t told_ns = 0;
    uint32_t clock = 0;
    Event event;
};

// Of a clock that cannot bring one, an error at once.
Due due_of(Invocation& invocation, const Subscription& wanted, uint64_t now_ns, Event event) {
    auto now_told = told(invocation, wanted.id);
    if (!now_told) event.error = kInval;
    if (!now_told) return {now_ns, 0, wanted.id, event};
    const bool is_absolute = wanted.flags & kClockAbsolute;
    const uint64_t wait_ns = wanted.timeout_ns - (is_absolute ? std::min(wanted.timeout_ns, *now_told) : 0);
    auto after = [&](uint64_t begin_ns) { return wait_ns > UINT64_MAX - begin_ns ? UINT64_MAX : begin_ns + wait_ns; };
    return {after(now_ns), is_absolute ? wanted.timeout_ns : after(*now_told), wanted.id, event};
}

// Files are always ready: what the event says of one.
void look_at_file(Invocation& invocation, const Subscription& wanted, Event& event) {
    const File* file = state_of(invocation).find(wanted.id);
    const uint64_t right = wanted.tag == kEventRead ? rights::kFdRead : rights::kFdWrite;
    if (!file)
        event.error = kBadf;
    else if (!file->may(rights::kPollFdReadwrite) || !file->may(right))
        event.error = kNotcapable;
    else if (wanted.tag == kEventRead)
        event.bytes = size_of(invocation, *file) - std::min(size_of(invocation, *file), file->offset);
}

// A worker waits for nobody: what sleeps begins again in a lane.
int32_t sleep_until(Invocation& invocation, uint64_t at_ns) {
    if (at_ns <= monotonic_ns()) return kSuccess;
    if (invocation.terms.place != run::Place::lane) return invocation.may_begin_again() && invocation.terms.place == run::Place::express ? engine::kStopGuest : static_cast<int32_t>(kNotsup);
    for (uint64_t now_ns = monotonic_ns(); now_ns < at_ns && !engine::Watchdog::is_over(); now_ns = monotonic_ns())
        std::this_thread::sleep_for(std::chrono::nanoseconds(std::min(kSleepPieceNs, at_ns - now_ns)));
    return kSuccess;
}

// Also until the event's own clock has come so far: it moves in steps, behind ours.
int32_t sleep_for_event(Invocation& invocation, const Due& due) {
    int32_t code = sleep_until(invocation, due.at_ns);
    const uint64_t last_ns = due.at_ns + std::min(2 * invocation.terms.clock.resolution_ns, UINT64_MAX - due.at_ns);
    while (code == kSuccess && told(invocation, due.clock) < due.told_ns && monotonic_ns() < last_ns && !engine::Watchdog::is_over())
        code = sleep_until(invocation, monotonic_ns() + kTickNs);
    return code;
}

}  // namespace

int32_t args_get(Invocation& invocation, GuestPtr pointers, GuestPtr bytes) noexcept {
    auto arguments = arguments_of(invocation);
    return arguments.ok() ? write_list(invocation, *arguments, pointers, bytes) : static_cast<int32_t>(kInval);
}

int32_t args_sizes_get(Invocation& invocation, GuestPtr count, GuestPtr size) noexcept {
    auto arguments = arguments_of(invocation);
    return arguments.ok() ? write_sizes(invocation, *arguments, count, size) : static_cast<int32_t>(kInval);
}

int32_t environ_get(Invocation& invocation, GuestPtr pointers, GuestPtr bytes) noexcept { return write_list(invocation, environment_of(invocation), pointers, bytes); }

int32_t environ_sizes_get(Invocation& invocation, GuestPtr count, GuestPtr size) noexcept { return write_sizes(invocation, environment_of(invocation), count, size); }

int32_t clock_res_get(Invocation& invocation, uint32_t clock, GuestPtr out) noexcept {
    if (clock > kClockThread) return kInval;
    return write_guest(invocation, out, std::max<uint64_t>(1, invocation.terms.clock.resolution_ns)) ? kSuccess : kFault;
}

int32_t clock_time_get(Invocation& invocation, uint32_t clock, uint64_t, GuestPtr out) noexcept {
    auto now = told(invocation, clock);
    if (!now) return kInval;
    return write_guest(invocation, out, *now) ? kSuccess : kFault;
}

int32_t random_get(Invocation& invocation, GuestPtr buffer, GuestLen length) noexcept {
    const uint64_t bytes = static_cast<uint32_t>(length);
    if (bytes > kWasiRandomBytesMax) {
        invocation.meet("kWasiRandomBytesMax", kWasiRandomBytesMax);
        return kInval;
    }
    for (uint64_t done = 0; done < bytes; done += kRandomBytesMax) {
        const auto at = static_cast<uint64_t>(static_cast<uint32_t>(buffer)) + done;
        if (at > UINT32_MAX) return kFault;
        const auto piece = static_cast<uint32_t>(std::min<uint64_t>(bytes - done, kRandomBytesMax));
        if (host::random(invocation, GuestPtr{static_cast<uint32_t>(at)}, GuestLen{piece}) != 0) return kFault;
    }
    return kSuccess;
}

int32_t poll_oneoff(Invocation& invocation, GuestPtr subscriptions, GuestPtr events, uint32_t count, GuestPtr out) noexcept {
    if (count == 0 || count > kWasiSubscriptionsMax) return kInval;
    if (!invocation.memory) return kFault;
    auto given = invocation.memory->bytes(subscriptions, GuestLen{static_cast<uint32_t>(count * sizeof(Subscription))});
    auto room = invocation.memory->bytes(events, GuestLen{static_cast<uint32_t>(count * sizeof(Event))});
    if (!given || !room || !fits_guest<uint32_t>(invocation, out)) return kFault;
    std::vector<Subscription> wanted(count);
    std::memcpy(wanted.data(), given->data(), given->size());  // COPY: what is waited for, no content
    const uint64_t now_ns = monotonic_ns();
    std::vector<Event> there;
    std::vector<Due> later;
    for (const auto& one : wanted) {
        Event event{one.user, 0, one.tag};
        if (one.tag > kEventWrite) return kInval;
        if (one.tag != kEventClock) {
            look_at_file(invocation, one, event);
            there.push_back(event);
            continue;
        }
        const Due due = due_of(invocation, one, now_ns, event);
        if (due.at_ns <= now_ns) there.push_back(due.event);
        else later.push_back(due);
    }
    if (there.empty()) {
        const Due first = *std::min_element(later.begin(), later.end(), [](const auto& a, const auto& b) { return a.at_ns < b.at_ns; });
        if (int32_t code = sleep_for_event(invocation, first); code != kSuccess) return code;
        for (const auto& due : later)
            if (due.at_ns <= first.at_ns) there.push_back(due.event);
    }
    std::memcpy(room->data(), there.data(), there.size() * sizeof(Event));  // COPY: events, no content
    return write_guest(invocation, out, static_cast<uint32_t>(there.size())) ? kSuccess : kFault;
}

int32_t proc_exit(Invocation& invocation, uint32_t code) noexcept {
    state_of(invocation).exit_code = code;
    return engine::kStopGuest;
}

int32_t proc_raise(Invocation&, uint32_t) noexcept { return kNotsup; }

int32_t sched_yield(Invocation&) noexcept { return kSuccess; }

int32_t sock_accept(Invocation& invocation, uint32_t fd, uint32_t, GuestPtr) noexcept { return no_socket(invocation, fd); }
int32_t sock_recv(Invocation& invocation, uint32_t fd, GuestPtr, uint32_t, uint32_t, GuestPtr, GuestPtr) noexcept { return no_socket(invocation, fd); }
int32_t sock_send(Invocation& invocation, uint32_t fd, GuestPtr, uint32_t, uint32_t, GuestPtr) noexcept { return no_socket(invocation, fd); }
int32_t sock_shutdown(Invocation& invocation, uint32_t fd, uint32_t) noexcept { return no_socket(invocation, fd); }

}  // namespace inlay::run::wasi
