// What lies in memory beside its file: promoted when it is in use, let go when memory is short.
#include <boost/asio/post.hpp>

#include "base/clock.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"
#include "control/supervisor.hpp"

namespace inlay::control {
namespace asio = boost::asio;

// What a worker says decides nothing but what is looked at.
void Supervisor::note_use(WireReader& fields) {
    ObjectName name{std::string(fields.bytes()), std::string(fields.bytes())};
    std::string version(fields.bytes());
    if (!fields.finished() || hot_->touch(version) || draining_ || !promoter_->may_begin(version)) return;
    auto record = reader_->find_object(name);
    if (!record.ok() || !*record || (*record)->version != version || (*record)->linked()) return;
    uint64_t bytes = (*record)->size_bytes;
    if (bytes < kPromoteBytesMin) return;
    uint64_t now_ms = coarse_ms();
    if (memory_.is_short(gauge_.read(), now_ms) || !memory_.has_ample(bytes, now_ms)) return;
    auto file = directory_->open(version);
    if (!file.ok() || !*file) return;
    auto gone = hot_->reserve_beside_hotter(bytes);
    if (!gone) return;
    pipeline_->announce_moved(*gone);
    promoter_->begin(version, std::move(**file), bytes, [this, record = **record](Result<os::Fd> copy) {
        auto result = std::make_shared<Result<os::Fd>>(std::move(copy));
        asio::post(loop_, [this, record, result] { keep_promoted(record, std::move(*result)); });
    });
}

void Supervisor::keep_promoted(const store::ObjectRecord& object, Result<os::Fd> copy) {
    if (!copy.ok()) spdlog::info("object {}: not promoted: {}", object.name.path(), copy.error().detail);
    bool copied = copy.ok() && *copy;
    hot_->release(object.size_bytes);
    auto gone = copied ? hot_->keep_beside_hotter(object, std::move(copy).value()) : std::nullopt;
    promoter_->end(object.version, !gone);
    if (!gone) return;
    // Replaced or deleted meanwhile: what the pipeline forgot before it was kept. What it commits from now on it forgets after.
    auto current = reader_->find_object(object.name);
    bool is_current = current.ok() && *current && (*current)->version == object.version;
    if (!is_current) hot_->forget(object.version);
    if (is_current) shared_.supervisor_counters().add_shared(Counter::huge_promotions);
    gone->push_back(object.name);
    pipeline_->announce_moved(*gone);
}

void Supervisor::begin_watch_of_memory() {
    if (!std::exchange(watches_memory_, true)) watch_memory();
}

// Only while there is something to let go: an idle server does nothing. A look now and then, not the kernel's word: that is to be had by root
// only, or not for windows this short.
void Supervisor::watch_memory() {
    uint64_t now_ms = coarse_ms();
    if (memory_.is_short(gauge_.read(), now_ms)) {
        auto gone = hot_->shed(std::max(hot_->bytes_max() / kShedShare, uint64_t{1}));
        if (!gone.empty()) spdlog::warn("memory is short: {} objects are not kept in it any longer", gone.size());
        pipeline_->announce_moved(gone);
    }
    if (hot_->is_empty()) {
        watches_memory_ = false;
        return;
    }
    memory_timer_.expires_after(std::chrono::milliseconds(kMemoryLookMs));
    memory_timer_.async_wait([this](boost::system::error_code error) {
        if (!error) watch_memory();
    });
}

}  // namespace inlay::control
