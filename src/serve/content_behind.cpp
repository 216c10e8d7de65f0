// Questions to the supervisor, one after the other.
#include "serve/content_behind.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

#include "base/limits.hpp"
#include "os/mapping.hpp"

namespace inlay::serve {
namespace asio = boost::asio;

ContentBehind::~ContentBehind() {
    if (!upload_) return;
    upload_->answered = nullptr;
    worker_.call(registry::Call::drop_content, WireWriter().number(upload_->number).take(), {}, [](const Result<registry::Answer>&) {});
}

Result<> ContentBehind::arrived(const ContentPlace& place, uint64_t received) {
    place_ = place;
    bool worth_it = use_ != Use::read && std::max(received, place.expected.value_or(0)) >= kWriteBehindBytesMin;
    if (place.expected.value_or(0) > place.ring_bytes) overflows_ = true;
    if (!upload_ && !worth_it && !overflows_) return {};
    if (!upload_) begin();
    upload_->received = received;
    tell(worker_, upload_);
    return check();
}

Result<> ContentBehind::check() const {
    if (upload_ && upload_->failure && (overflows_ || upload_->failure->code == Errc::no_space)) return *upload_->failure;
    return {};
}

asio::awaitable<Result<>> ContentBehind::make_room(uint64_t received) {
    overflows_ = true;
    if (!upload_) begin();
    upload_->received = received;
    while (received - upload_->written >= place_.ring_bytes) {
        if (upload_->failure) co_return *upload_->failure;
        tell(worker_, upload_);
        co_await wait_for_answer();
    }
    co_return Result<>();
}

asio::awaitable<Result<os::Fd>> ContentBehind::read(uint64_t length) {
    co_await wait_for_answer();
    if (upload_->failure) co_return *upload_->failure;
    std::string fields = WireWriter().number(upload_->number).number(length).take();
    auto answer = co_await worker_.call(registry::Call::read_content, std::move(fields), std::vector<int>());
    if (!answer.ok()) co_return std::move(answer).error();
    if (answer->fds.size() != 1) co_return Error{Errc::internal, "the supervisor's answer about a body is damaged"};
    co_return std::move(answer->fds.front());
}

void ContentBehind::begin() {
    answered_.emplace(worker_.executor(), asio::steady_timer::time_point::max());
    upload_ = std::make_shared<Upload>();
    upload_->answered = &*answered_;
    upload_->number = worker_.next_upload();
    upload_->step_bytes = std::min(kWritePieceBytes, std::max(os::round_down(place_.ring_bytes / 2, os::page_size()), os::page_size()));
    WireWriter fields;
    registry::write(fields, registry::ContentBegin{upload_->number, place_.expected.value_or(0), place_.ring_bytes, std::string(owner_)});
    ask(worker_, upload_, registry::Call::begin_content, fields.take(), {place_.pages});
}

// To the question that has been asked, if there is one.
asio::awaitable<void> ContentBehind::wait_for_answer() {
    while (upload_->asking) co_await answered_->async_wait(asio::as_tuple(asio::use_awaitable));
}

void ContentBehind::ask(Worker& worker, const std::shared_ptr<Upload>& upload, registry::Call which, std::string fields,
                        const std::vector<int>& fds) {
    upload->asking = true;
    worker.call(which, std::move(fields), fds, [&worker, upload](Result<registry::Answer> answer) {
        upload->asking = false;
        if (upload->answered) upload->answered->cancel();
        if (answer.ok())
            upload->written = os::round_down(upload->told, os::page_size());
        else
            upload->failure = std::move(answer).error();
        tell(worker, upload);
    });
}

void ContentBehind::tell(Worker& worker, const std::shared_ptr<Upload>& upload) {
    if (upload->asking || !upload->answered || upload->failure || upload->received - upload->told < upload->step_bytes) return;
    upload->told = upload->received;
    ask(worker, upload, registry::Call::write_content, WireWriter().number(upload->number).number(upload->told).take(), {});
}

}  // namespace inlay::serve
