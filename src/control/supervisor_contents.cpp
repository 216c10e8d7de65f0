// Content of uploads that is written while it arrives: begun, written on and dropped as workers say; commits take it.
#include <boost/asio/post.hpp>

#include <algorithm>

#include "base/limits.hpp"
#include "control/supervisor.hpp"
#include "os/mapping.hpp"

namespace inlay::control {
namespace asio = boost::asio;

void Supervisor::begin_content(const Life& life, uint64_t id, WireReader& fields, std::vector<os::Fd>& fds) {
    registry::ContentBegin begin;
    registry::read(fields, begin);
    bool makes_sense = begin.ring_bytes > 0 && begin.ring_bytes % os::page_size() == 0;
    if (!fields.finished() || fds.size() != 1 || !makes_sense || life->contents.contains(begin.number))
        return life->answer_call(registry::answer(id, registry::damaged_message()));
    size_t of_owner = std::ranges::count(life->contents, begin.owner, [](const auto& begun) -> const auto& { return begun.second.owner; });
    if (life->contents.size() >= kContentsBegunMax || of_owner >= kContentsBegunMax / kContentsBegunShare)
        return life->answer_call(registry::answer(id, {Errc::overloaded, "too many uploads are being written"}));
    auto content = std::make_shared<BegunContent>(*directory_, std::move(fds.front()), begin.ring_bytes, begin.expected);
    life->contents[begin.number] = {content, begin.owner};
    work_on(life, id, begin.number, [content]() -> Result<os::Fd> {
        INLAY_TRY_VOID(content->begin());
        return os::Fd();
    });
}

void Supervisor::write_content(const Life& life, uint64_t id, WireReader& fields) {
    uint64_t number = fields.number(), arrived = fields.number();
    auto content = fields.finished() ? find_idle_content(life, number) : nullptr;
    if (!content) return life->answer_call(registry::answer(id, registry::damaged_message()));
    work_on(life, id, number, [content, arrived]() -> Result<os::Fd> {
        INLAY_TRY_VOID(content->write(arrived));
        return os::Fd();
    });
}

void Supervisor::read_content(const Life& life, uint64_t id, WireReader& fields) {
    uint64_t number = fields.number(), length = fields.number();
    auto content = fields.finished() ? find_idle_content(life, number) : nullptr;
    if (!content) return life->answer_call(registry::answer(id, registry::damaged_message()));
    work_on(life, id, number, [content, length] { return content->read(length); });
}

void Supervisor::drop_content(const Life& life, uint64_t id, WireReader& fields) {
    uint64_t number = fields.number();
    // One that a commit has taken is not there any more.
    if (auto content = take_content(life, number)) drop(std::move(content));
    life->answer_call(registry::answer(id).take());
}

// nullptr: there is none of this number, or its latest question has not been answered: no content occupies more than one thread.
std::shared_ptr<BegunContent> Supervisor::find_idle_content(const Life& life, uint64_t number) {
    auto found = life->contents.find(number);
    return found == life->contents.end() || found->second.busy ? nullptr : found->second.content;
}

// Does something for a begun content aside, and answers with how it went.
void Supervisor::work_on(const Life& life, uint64_t id, uint64_t number, std::function<Result<os::Fd>()> work) {
    life->contents.at(number).busy = true;
    pipeline_->run_aside([this, life, id, number, work = std::move(work)] {
        auto done = work();
        std::string answer = done.ok() ? registry::answer(id).take() : registry::answer(id, done.error());
        os::Fd fd = done.ok() ? std::move(done).value() : os::Fd();
        asio::post(loop_, [life, number, answer = std::move(answer), fd = std::move(fd)]() mutable {
            auto found = life->contents.find(number);
            if (found != life->contents.end()) found->second.busy = false;
            life->answer_call(std::move(answer), std::move(fd));
        });
    });
}

// nullptr: there is none of this number.
std::shared_ptr<BegunContent> Supervisor::take_content(const Life& life, uint64_t number) {
    auto taken = life->contents.extract(number);
    return taken ? std::move(taken.mapped().content) : nullptr;
}

void Supervisor::drop_contents(const Life& life) {
    for (auto& [number, begun] : life->contents) drop(std::move(begun.content));
    life->contents.clear();
}

// Its blocks are freed aside: of a large file that takes a while.
void Supervisor::drop(std::shared_ptr<BegunContent> content) {
    content->drop();
    pipeline_->run_aside([content = std::move(content)] {});
}

}  // namespace inlay::control
