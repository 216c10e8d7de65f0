// Posts to the threads and back.
#include "serve/disk_aside.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/clock.hpp"

namespace inlay::serve {
namespace asio = boost::asio;

asio::thread_pool& DiskAside::threads() {
    if (!threads_) threads_.emplace(kDiskThreads);
    return *threads_;
}

bool DiskAside::in_memory(const std::shared_ptr<const os::Pages>& pages, uint64_t offset, uint64_t length) {
    if (pages->home() == os::Pages::Home::memory) return true;
    if (length < kSurveyBytesMin) return pages->in_memory(offset, length);
    auto& survey = pages->survey();
    uint64_t now_ms = coarse_ms();
    if (!survey.under_way && (survey.as_of_ms == 0 || now_ms - survey.as_of_ms >= kSurveyMs)) begin_survey(pages, now_ms);
    return survey.found_all && now_ms - survey.as_of_ms < kSurveyTrustMs;
}

void DiskAside::begin_survey(std::shared_ptr<const os::Pages> pages, uint64_t now_ms) {
    auto bytes = pages->view();
    if (bytes.empty()) return;
    pages->survey().under_way = true;
    asio::post(threads(), [this, pages = std::move(pages), bytes, now_ms]() mutable {
        bool found_all = os::all_in_memory(bytes);
        // Back to the loop with it: pages belong to one thread, also their end.
        asio::post(loop_, [pages = std::move(pages), found_all, now_ms] { pages->survey() = {found_all, now_ms, false}; });
    });
}

asio::awaitable<void> DiskAside::bring_in(std::shared_ptr<const os::Pages> pages, uint64_t offset, uint64_t length) {
    auto bytes = pages->view().substr(offset, length);
    if (bytes.empty()) co_return;
    counters_.add(Counter::disk_waits);
    auto wait = [bytes]() -> asio::awaitable<void> {
        os::bring_into_memory(bytes);
        co_return;
    };
    co_await asio::co_spawn(threads(), wait, asio::use_awaitable);
}

asio::awaitable<Result<>> DiskAside::run(std::function<Result<>()> work) {
    auto done = [&work]() -> asio::awaitable<Result<>> { co_return work(); };
    co_return co_await asio::co_spawn(threads(), done, asio::use_awaitable);
}

asio::awaitable<Result<os::PageSurvey>> DiskAside::survey_pages(std::shared_ptr<const os::Pages> pages) {
    auto look = [fd = pages->fd(), size = pages->size()]() -> asio::awaitable<Result<os::PageSurvey>> {
        co_return os::survey_pages(fd, size);
    };
    co_return co_await asio::co_spawn(threads(), look, asio::use_awaitable);
}

}  // namespace inlay::serve
