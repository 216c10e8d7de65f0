// Asks, matches answers to questions, and notices when nobody is there any more.
#include "registry/link.hpp"

#include "base/limits.hpp"
#include "os/file.hpp"

namespace inlay::registry {
namespace {

constexpr int kLookupTimeoutMs = 5'000;

Error gone_error() { return Error{Errc::draining, "the supervisor is gone; this worker only finishes what it began: retry"}; }

}  // namespace

SupervisorLink::SupervisorLink(os::Fd lookups, os::Fd control)
    : lookups_(std::move(lookups)), control_(std::move(control)) {
    INLAY_CHECK(control_.set_blocking(false).ok());
}

// Sends a look-up and waits for its answer in received_. False: not found.
Result<bool> SupervisorLink::ask(Call which, const std::string& name, const std::string& second) {
    if (gone_) return gone_error();
    uint64_t id = next_id_++;
    auto message = question(id, which).bytes(name).bytes(second).take();
    INLAY_TRY(auto sent, lookups_.send(message, {}));
    if (sent != os::Transfer::done) return gone_error();
    for (;;) {
        INLAY_TRY(auto readable, lookups_.wait_readable(kLookupTimeoutMs));
        if (!readable) return Error{Errc::overloaded, "the supervisor did not answer a look-up in time: retry"};
        INLAY_TRY(auto received, lookups_.receive(received_));
        if (received != os::Transfer::done) return gone_error();
        // An answer to a question that timed out earlier is skipped.
        if (WireReader(received_.bytes).number() == id) break;
    }
    WireReader reader(received_.bytes);
    reader.number();
    auto verdict = read_verdict(reader);
    if (verdict.ok() && received_.fds_lost)
        return Error{Errc::overloaded, "this worker has no descriptors left: retry later"};
    if (verdict.ok()) return true;
    bool absent = verdict.error().code == Errc::object_not_found || verdict.error().code == Errc::function_not_found;
    if (absent) return false;
    return std::move(verdict).error();
}

Result<std::optional<FoundObject>> SupervisorLink::find_object(const ObjectName& name) {
    INLAY_TRY(bool found, ask(Call::find_object, name.bucket, name.key));
    if (!found) return std::optional<FoundObject>();
    WireReader reader(received_.bytes);
    reader.number(), reader.number();
    FoundObject object;
    read(reader, object.record);
    if (reader.number() != 0) object.home = os::Pages::Home::memory;
    if (!reader.finished() || received_.fds.size() != 1) return Error{Errc::internal, "a look-up's answer is damaged"};
    object.file = std::move(received_.fds.front());
    return std::optional<FoundObject>(std::move(object));
}

Result<std::optional<FoundFunction>> SupervisorLink::find_function(const std::string& name) {
    INLAY_TRY(bool found, ask(Call::find_function, name, ""));
    if (!found) return std::optional<FoundFunction>();
    WireReader reader(received_.bytes);
    reader.number(), reader.number();
    FoundFunction function;
    read(reader, function.record);
    uint64_t account = reader.number();
    function.account = static_cast<uint32_t>(account);
    if (!reader.finished() || account >= kFunctionsMax || received_.fds.size() != 1) return Error{Errc::internal, "a look-up's answer is damaged"};
    function.compiled = std::move(received_.fds.front());
    return std::optional<FoundFunction>(std::move(function));
}

void SupervisorLink::call(Call which, std::string fields, const std::vector<int>& fds, AnswerCallback callback) {
    if (gone_) return callback(gone_error());
    if (open_.size() >= kControlCallsMax)
        return callback(Error{Errc::overloaded, "too many stores and deploys are waiting on this worker: retry later"});
    uint64_t id = next_id_++;
    auto message = question(id, which).take() + fields;
    if (message.size() > kMessageBytesMax)
        return callback(Error{Errc::body_too_large, "names and fields of this request are too large together"});
    open_.emplace(id, std::move(callback));
    if (outbox_.empty()) {
        auto sent = control_.send(message, fds);
        if (sent.ok() && *sent == os::Transfer::done) return;
        if (!sent.ok() || *sent == os::Transfer::closed) return fail_all();
    }
    Outgoing waiting{std::move(message), {}};
    for (int fd : fds) waiting.fds.push_back(os::duplicate(fd));
    for (const auto& fd : waiting.fds)
        if (!fd) return fail(id, {Errc::overloaded, "this worker has no descriptors left: retry later"});
    outbox_.push_back(std::move(waiting));
    if (on_waiting_) on_waiting_();
}

bool SupervisorLink::tell(Call which, std::string fields) {
    if (gone_ || !outbox_.empty()) return false;
    auto message = question(0, which).take() + fields;
    if (message.size() > kMessageBytesMax) return false;
    auto sent = control_.send(message, {});
    return sent.ok() && *sent == os::Transfer::done;
}

bool SupervisorLink::on_readable() {
    while (!gone_) {
        auto received = control_.receive(received_);
        if (received.ok() && *received == os::Transfer::would_block) return true;
        if (!received.ok() || *received == os::Transfer::closed) {
            fail_all();
            break;
        }
        WireReader reader(received_.bytes);
        uint64_t id = reader.number();
        if (id == kChangesId && on_changes_) on_changes_();
        if (id == kLinkBrokenId && on_broken_link_) {
            (void)read_verdict(reader);
            std::string version(reader.bytes());
            if (reader.finished()) on_broken_link_(version);
            continue;
        }
        auto open = open_.find(id);
        if (open == open_.end()) continue;
        auto callback = std::move(open->second);
        open_.erase(open);
        auto verdict = read_verdict(reader);
        if (verdict.ok() && received_.fds_lost)
            verdict = Error{Errc::overloaded, "this worker has no descriptors left: retry later"};
        auto fds = std::move(received_.fds);
        std::string bytes(received_.bytes);  // The callback may call again.
        if (verdict.ok())
            callback(Answer{std::string_view(bytes).substr(16), fds});
        else
            callback(std::move(verdict).error());
    }
    return false;
}

void SupervisorLink::on_writable() {
    while (!outbox_.empty()) {
        std::vector<int> fds;
        for (const auto& fd : outbox_.front().fds) fds.push_back(fd.get());
        auto sent = control_.send(outbox_.front().bytes, fds);
        if (sent.ok() && *sent == os::Transfer::would_block) return;
        if (!sent.ok() || *sent == os::Transfer::closed) return fail_all();
        outbox_.pop_front();
    }
}

void SupervisorLink::fail(uint64_t id, Error error) {
    auto callback = std::move(open_.at(id));
    open_.erase(id);
    callback(std::move(error));
}

void SupervisorLink::fail_all() {
    gone_ = true;
    outbox_.clear();
    auto calls = std::move(open_);
    open_.clear();
    for (auto& [id, callback] : calls) callback(gone_error());
}

}  // namespace inlay::registry
