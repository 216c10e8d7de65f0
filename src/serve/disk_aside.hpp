// DiskAside: waits for disks in threads of its own, so that a worker's loop never does.
//
// What a worker is about to read is asked for first: is it in memory? A small range is looked over at once. For a large one that
// takes too long: it counts as in memory when the latest survey, made aside, found all of its file there.
//
// The threads begin when the first of them is needed: until then allocations and system calls of the one thread cost no locks.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "base/limits.hpp"
#include "base/metrics.hpp"
#include "os/page_survey.hpp"
#include "os/pages.hpp"

namespace inlay::serve {

class DiskAside {
  public:
    DiskAside(boost::asio::any_io_executor loop, CounterBlock& counters) : loop_(std::move(loop)), counters_(counters) {}
    ~DiskAside() {
        if (threads_) threads_->join();
    }

    // Whether the range can be read without waiting for a disk, as far as is known.
    bool in_memory(const std::shared_ptr<const os::Pages>& pages, uint64_t offset, uint64_t length);
    // Suspends until the range is in memory, or cannot be brought there.
    boost::asio::awaitable<void> bring_in(std::shared_ptr<const os::Pages> pages, uint64_t offset, uint64_t length);

    // Does what takes long, aside; what it works on lives until then.
    boost::asio::awaitable<Result<>> run(std::function<Result<>()> work);

    // Looks over all of a file: what of it is in memory, in pages of which size.
    boost::asio::awaitable<Result<os::PageSurvey>> survey_pages(std::shared_ptr<const os::Pages> pages);

  private:
    boost::asio::thread_pool& threads();
    void begin_survey(std::shared_ptr<const os::Pages> pages, uint64_t now_ms);

    boost::asio::any_io_executor loop_;
    CounterBlock& counters_;
    std::optional<boost::asio::thread_pool> threads_;
};

}  // namespace inlay::serve
