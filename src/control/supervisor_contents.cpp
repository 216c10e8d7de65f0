// Content of uploads that is written while it arrives: begun, written on and dropped as workers say; commits take it.
#include <boost/asio/post.hpp>

#include "base/limits.hpp"
#include "control/supervisor.hpp"

namespace inlay::control {
namespace asio = boost::asio;

void Supervisor::begin_content(const Life& life, uint64_t id, WireReader& fields, std::vector<os::Fd>& fds) {
    uint64_t number = fields.number(), expected = fields.number();
    if (!fields.finished() || fds.size() != 1 || life->contents.contains(number))
        return life->answer_call(registry::answer(id, registry::damaged_message()));
    if (life->contents.size() >= kContentsBegunMax)
        return life->answer_call(registry::answer(id, {Errc::overloaded, "too many uploads are being written"}));
    auto content = std::make_shared<BegunContent>(*directory_, std::move(fds.front()), expected);
    life->contents[number] = {content, false};
    work_on(life, id, number, [content] { return content->begin(); });
}

void Supervisor::write_content(const Life& life, uint64_t id, WireReader& fields) {
    uint64_t number = fields.number(), arrived = fields.number();
    auto found = life->contents.find(number);
    // One question at a time about each content: so none can occupy more than one thread.
    if (!fields.finished() || found == life->contents.end() || found->second.busy)
        return life->answer_call(registry::answer(id, registry::damaged_message()));
    work_on(life, id, number, [content = found->second.content, arrived] { return content->write(arrived); });
}

void Supervisor::drop_content(const Life& life, uint64_t id, WireReader& fields) {
    uint64_t number = fields.number();
    // One that a commit has taken is not there any more.
    if (auto content = take_content(life, number)) drop(std::move(content));
    life->answer_call(registry::answer(id).take());
}

// Does something for a begun content aside, and answers with how it went.
void Supervisor::work_on(const Life& life, uint64_t id, uint64_t number, std::function<Result<>()> work) {
    life->contents.at(number).busy = true;
    pipeline_->run_aside([this, life, id, number, work = std::move(work)] {
        auto done = work();
        std::string answer = done.ok() ? registry::answer(id).take() : registry::answer(id, done.error());
        asio::post(loop_, [life, number, answer = std::move(answer)] {
            auto found = life->contents.find(number);
            if (found != life->contents.end()) found->second.busy = false;
            life->answer_call(answer);
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
