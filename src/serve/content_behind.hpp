// ContentBehind: has the supervisor write a request's content to a file while it arrives.
//
// Content that is to be stored: so the commit finds most of it on the disk. Content too large to lie in memory: so the pages it arrives
// in can be used again, and what reads it maps the file.
//
// The worker says how much has come, one question at a time; the supervisor writes it from the same pages. Content that still lies in
// them whole is written as if nothing had been tried, where this fails for another reason than a full disk.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/result.hpp"
#include "serve/worker.hpp"

namespace inlay::serve {

// Where content arrives: byte I at I modulo `ring_bytes` of a memfd.
struct ContentPlace {
    int pages = -1;
    uint64_t ring_bytes = 0;
    std::optional<uint64_t> expected;  // Bytes in all; nullopt: nobody knows.
};

class ContentBehind {
  public:
    enum class Use { store, read, store_and_read };

    // `owner`: the function that reads it, if one does. Valid until: this ends.
    ContentBehind(Worker& worker, Use use, std::string_view owner) : worker_(worker), use_(use), owner_(owner) {}
    // What no commit has taken is dropped.
    ~ContentBehind();
    ContentBehind(const ContentBehind&) = delete;
    ContentBehind& operator=(const ContentBehind&) = delete;

    // `received` bytes have arrived; those that are not written yet will not change. Errors: no_space; others when they lie nowhere else.
    Result<> arrived(const ContentPlace& place, uint64_t received);
    // The same errors, where they came later.
    Result<> check() const;
    // The first so many bytes are written.
    uint64_t written() const { return upload_ ? upload_->written : 0; }
    // Suspends until one byte more may arrive, where `received` bytes fill the pages. Errors: no_space, overloaded, io_error, draining.
    boost::asio::awaitable<Result<>> make_room(uint64_t received);

    bool is_read() const { return use_ != Use::store; }
    // Content that does not lie in its pages whole, as a file. Errors: as above.
    boost::asio::awaitable<Result<os::Fd>> read(uint64_t length);
    // What a commit may name instead of pages. 0: nothing.
    uint64_t begun() const { return upload_ && !upload_->failure ? upload_->number : 0; }

  private:
    // Lives on until the latest question is answered.
    struct Upload {
        uint64_t number = 0;
        uint64_t step_bytes = 0;  // So many more are worth a question.
        uint64_t received = 0;
        uint64_t told = 0;
        uint64_t written = 0;
        bool asking = false;
        std::optional<Error> failure;
        boost::asio::steady_timer* answered = nullptr;  // Cancelled by each answer. nullptr: nobody listens any more.
    };

    void begin();
    boost::asio::awaitable<void> wait_for_answer();
    static void ask(Worker& worker, const std::shared_ptr<Upload>& upload, registry::Call which, std::string fields, const std::vector<int>& fds);
    static void tell(Worker& worker, const std::shared_ptr<Upload>& upload);

    Worker& worker_;
    const Use use_;
    const std::string_view owner_;
    ContentPlace place_;
    bool overflows_ = false;  // Some of it will lie in the file only.
    std::optional<boost::asio::steady_timer> answered_;  // Never expires.
    std::shared_ptr<Upload> upload_;
};

}  // namespace inlay::serve
