// Looks, copies, remembers.
#include "control/promotion.hpp"

#include "base/limits.hpp"
#include "os/file.hpp"
#include "os/huge_pages.hpp"
#include "os/page_survey.hpp"

namespace inlay::control {

Result<os::Fd> promote_file(int file, uint64_t size, const std::stop_token& stop) {
    INLAY_TRY(auto survey, os::survey_pages(file, size));
    if (survey.in_memory_bytes < size / 2 || survey.huge_bytes >= size / 2) return os::Fd();
    return os::copy_into_huge_pages("inlay-promoted", file, size, stop);
}

bool Promoter::may_begin(const std::string& version) const {
    auto refused = refused_ms_.find(version);
    return !busy_ && (refused == refused_ms_.end() || now_ms_() - refused->second >= kPromoteAgainMs);
}

void Promoter::begin(const std::string& version, os::Fd file, uint64_t size, std::function<void(Result<os::Fd>)> done) {
    busy_ = true;
    refused_ms_.erase(version);
    thread_ = std::jthread([&counters = counters_, file = std::move(file), size, done = std::move(done)](const std::stop_token& stop) {
        auto copy = promote_file(file.get(), size, stop);
        if (copy.ok() && *copy) counters.add_shared(Counter::copied_bytes_promotion, size);
        done(std::move(copy));
    });
}

void Promoter::end(const std::string& version, bool refused) {
    busy_ = false;
    if (!refused) return;
    if (refused_ms_.size() >= kHotObjectsMax) refused_ms_.clear();
    refused_ms_[version] = now_ms_();
}

}  // namespace inlay::control
