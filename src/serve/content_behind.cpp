// Questions to the supervisor, one after the other.
#include "serve/content_behind.hpp"

#include <algorithm>

#include "base/limits.hpp"

namespace inlay::serve {

ContentBehind::~ContentBehind() {
    if (!upload_) return;
    upload_->ended = true;
    worker_.call(registry::Call::drop_content, WireWriter().number(upload_->number).take(), {}, [](const Result<registry::Answer>&) {});
}

Result<> ContentBehind::arrived(int pages, uint64_t received, std::optional<uint64_t> expected) {
    if (!upload_ && std::max(received, expected.value_or(0)) < kWriteBehindBytesMin) return {};
    if (!upload_) begin(pages, expected.value_or(0));
    upload_->received = received;
    if (upload_->failure && upload_->failure->code == Errc::no_space) return *upload_->failure;
    tell(worker_, upload_);
    return {};
}

uint64_t ContentBehind::begun() const { return upload_ && !upload_->failure ? upload_->number : 0; }

void ContentBehind::begin(int pages, uint64_t expected) {
    upload_ = std::make_shared<Upload>();
    upload_->number = worker_.next_upload();
    ask(worker_, upload_, registry::Call::begin_content, WireWriter().number(upload_->number).number(expected).take(), {pages});
}

void ContentBehind::ask(Worker& worker, const std::shared_ptr<Upload>& upload, registry::Call which, std::string fields,
                        const std::vector<int>& fds) {
    upload->asking = true;
    worker.call(which, std::move(fields), fds, [&worker, upload](Result<registry::Answer> answer) {
        upload->asking = false;
        if (!answer.ok()) upload->failure = std::move(answer).error();
        tell(worker, upload);
    });
}

void ContentBehind::tell(Worker& worker, const std::shared_ptr<Upload>& upload) {
    if (upload->asking || upload->ended || upload->failure || upload->received - upload->told < kWritePieceBytes) return;
    upload->told = upload->received;
    ask(worker, upload, registry::Call::write_content, WireWriter().number(upload->number).number(upload->told).take(), {});
}

}  // namespace inlay::serve
