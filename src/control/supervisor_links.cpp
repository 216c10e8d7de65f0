// Linked objects: taken on from clients and from earlier starts, given up when their files are to be written.
#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <csignal>

#include "base/clock.hpp"
#include "base/field_rules.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"
#include "control/describe.hpp"
#include "control/supervisor.hpp"
#include "os/process.hpp"

namespace inlay::control {
namespace asio = boost::asio;

Result<> Supervisor::open_links() {
    std::vector<std::string> roots;
    for (const auto& given : options_.link_roots) {
        INLAY_TRY(auto root, os::real_path(given));
        roots.push_back(std::move(root));
    }
    links_.emplace(std::move(roots));
    watch_leases();  // Before the first of them.
    INLAY_TRY(auto records, reader_->list_linked());
    for (const auto& record : records) {
        auto file = links_->admit_again(record);
        if (file.ok()) {
            links_->add(record, std::move(file).value());
            continue;
        }
        // Another error says nothing of the file: its disk may not be mounted, or its root not be given this time.
        bool changed = file.error().code == Errc::object_changed;
        spdlog::warn("object {}: the linked file {:?} cannot be taken on again: {}; the object is {}", record.name.path(), record.link_path,
                     file.error().detail, changed ? "gone" : "not readable until a start that can");
        if (changed) remove_link(record.name, record.version);
    }
    INLAY_TRY(link_door_, LinkDoor::create(loop_, data_directory_.get(), [this](os::Message& question, LinkDoor::Answer answer) {
                  link_file(question, std::move(answer));
              }));
    return {};
}

void Supervisor::link_file(os::Message& question, LinkDoor::Answer answer) {
    auto read = [&]() -> Result<std::pair<store::ObjectRecord, os::LeasedFile>> {
        WireReader fields(question.bytes);
        uint64_t id = fields.number();
        bool known = static_cast<registry::Call>(fields.number()) == registry::Call::link_file;
        store::ObjectRecord record{{std::string(fields.bytes()), std::string(fields.bytes())}};
        record.content_type = fields.bytes();
        if (id != 1 || !known || !fields.finished() || question.fds.size() != 1) return registry::damaged_message();
        INLAY_TRY_VOID(check_name("bucket", record.name.bucket));
        INLAY_TRY_VOID(check_key(record.name.key));
        if (record.content_type.size() > kContentTypeBytesMax || !is_field_value(record.content_type))
            return Error{Errc::bad_request, "the content type is too long, or holds control bytes"};
        if (record.content_type.empty()) record.content_type = "application/octet-stream";
        INLAY_TRY(auto file, links_->admit(question.fds.front().get()));
        record.version = versions_->next();
        record.size_bytes = file.size();
        record.modified_ms = wall_ms();
        record.link_path = file.path();
        record.link_stamp = file.stamp();
        return std::pair{std::move(record), std::move(file)};
    };
    auto wanted = draining_ ? Result<std::pair<store::ObjectRecord, os::LeasedFile>>(Error{Errc::draining, "this server is shutting down"}) : read();
    if (!wanted.ok()) return answer(registry::answer(1, wanted.error()));
    auto& [record, file] = *wanted;
    links_->add(record, std::move(file));  // Before its name: whoever finds that finds this.
    auto job = std::make_unique<CommitJob>();
    job->changes.changes.push_back(store::PutObject{record, {}});
    submit(std::move(job), [this, record = record, answer = std::move(answer)](Result<Committed> committed) {
        if (!committed.ok()) {
            links_->retire(record.version);
            return answer(registry::answer(1, committed.error()));
        }
        answer(registry::answer(1).bytes(describe_object(record)).take());
    });
}

void Supervisor::watch_leases() {
    lease_signals_.async_wait([this](boost::system::error_code error, int) {
        if (error) return;
        break_links();
        watch_leases();
    });
}

// Tells the readers and takes the name away; the lease ends when both is done, and then whoever waits may write.
void Supervisor::break_links() {
    for (const auto& told : links_->take_broken()) {
        spdlog::warn("object {}: its file is being written, or is not what it was; the object is gone", told.name.path());
        for (const auto& slot : slots_)
            if (slot.life && std::count(told.readers.begin(), told.readers.end(), slot.life->pid))
                slot.life->answer_call(registry::answer(registry::kLinkBrokenId).bytes(told.version).take());
        remove_link(told.name, told.version);
        auto wait = std::make_shared<asio::steady_timer>(loop_, std::chrono::milliseconds(kLetGoMs));
        wait->async_wait([this, wait, version = told.version](boost::system::error_code) {
            for (pid_t late : links_->readers_of(version)) {
                spdlog::error("worker (pid {}) does not let go of a file that is to be written; ending it", late);
                os::send_signal(late, SIGKILL);
            }
        });
    }
}

void Supervisor::remove_link(const ObjectName& name, const std::string& version) {
    auto job = std::make_unique<CommitJob>();
    job->changes.changes.push_back(store::DeleteObject{name, {.must_match_version = version}});
    submit(std::move(job), [this, name, version](Result<Committed> removed) {
        bool gone = removed.ok() || removed.error().code == Errc::object_not_found || removed.error().code == Errc::precondition_failed;
        if (!gone) spdlog::error("object {}: its name stays until the next start: {}", name.path(), removed.error().detail);
        links_->retire(version);
    });
}

void Supervisor::let_go(const Life& life, uint64_t id, WireReader& fields) {
    std::string version(fields.bytes());
    if (fields.finished()) links_->let_go(version, life->pid);
    life->answer_call(registry::answer(id).take());
}

}  // namespace inlay::control
