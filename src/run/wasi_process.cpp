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
constexpr uint64_t kMonotonicBegins = 1'000'000'000;  // Some take 0 for a clock that does not work: Go ends.

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
std::optional<uint64_t> told(const Invocation& invocation, uint32_t clock) {
    const auto& coarse = invocation.terms.clock;
    if (clock > kClockThread) return std::nullopt;
    if (clock == kClockRealtime) return coarse.told(wall_ns());
    return kMonotonicBegins + coarse.told(monotonic_ns()) - coarse.told(invocation.began_ns);
}

int32_t no_socket(Invocation& invocation, uint32_t fd) { return state_of(invocation).find(fd) ? kNotsock : kBadf; }

// When a clock's event comes, of the monotonic clock; an error for one that cannot.
uint64_t due_ns(const Invocation& invocation, const Subscription& wanted, uint64_t now_ns, Event& event) {
    auto now_told = told(invocation, wanted.id);
    if (!now_told) event.error = kInval;
    if (!now_told) return now_ns;
    uint64_t wait_ns = wanted.timeout_ns;
    if (wanted.flags & kClockAbsolute) wait_ns -= std::min(wait_ns, *now_told);
    return wait_ns > UINT64_MAX - now_ns ? UINT64_MAX : now_ns + wait_ns;
}

// Files are always ready. True: this event is there already.
bool is_ready(Invocation& invocation, const Subscription& wanted, Event& event) {
    const File* file = state_of(invocation).find(wanted.id);
    const uint64_t right = wanted.tag == kEventRead ? rights::kFdRead : rights::kFdWrite;
    if (!file)
        event.error = kBadf;
    else if (!file->may(rights::kPollFdReadwrite) || !file->may(right))
        event.error = kNotcapable;
    else if (wanted.tag == kEventRead && file->source)
        event.bytes = invocation.sources[*file->source].size() - std::min(invocation.sources[*file->source].size(), file->offset);
    return true;
}

// A worker waits for nobody: what sleeps begins again in a lane.
int32_t sleep_until(Invocation& invocation, uint64_t at_ns) {
    if (at_ns <= monotonic_ns()) return kSuccess;
    if (invocation.terms.place != run::Place::lane) return invocation.may_begin_again() && invocation.terms.place == run::Place::express ? engine::kStopGuest : static_cast<int32_t>(kNotsup);
    for (uint64_t now_ns = monotonic_ns(); now_ns < at_ns && !engine::Watchdog::is_over(); now_ns = monotonic_ns())
        std::this_thread::sleep_for(std::chrono::nanoseconds(std::min(kSleepPieceNs, at_ns - now_ns)));
    return kSuccess;
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
    std::vector<std::pair<uint64_t, Event>> later;
    for (const auto& one : wanted) {
        Event event{one.user, 0, one.tag};
        if (one.tag > kEventWrite) return kInval;
        const uint64_t at_ns = one.tag == kEventClock ? due_ns(invocation, one, now_ns, event) : now_ns;
        const bool is_now = one.tag == kEventClock ? at_ns <= now_ns : is_ready(invocation, one, event);
        if (is_now) there.push_back(event);
        else later.emplace_back(at_ns, event);
    }
    if (there.empty()) {
        const uint64_t first_ns = std::min_element(later.begin(), later.end(), [](const auto& a, const auto& b) { return a.first < b.first; })->first;
        if (int32_t code = sleep_until(invocation, first_ns); code != kSuccess) return code;
        for (const auto& [at_ns, event] : later)
            if (at_ns <= first_ns) there.push_back(event);
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
