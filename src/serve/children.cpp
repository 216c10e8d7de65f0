// Lets in, begins, ends, tells.
#include "serve/children.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

#include "base/clock.hpp"
#include "base/limits.hpp"
#include "run/span.hpp"
#include "serve/gather.hpp"
#include "serve/invoke.hpp"
#include "serve/worker.hpp"

namespace inlay::serve {
namespace asio = boost::asio;
namespace {

// What would be too long for a message goes into pages, once more.
asio::awaitable<Result<>> shorten(Worker& worker, run::Outcome& outcome) {
    auto* completed = std::get_if<run::Completed>(&outcome.how);
    if (!completed) co_return Result<>();
    auto small = small_pieces(completed->response.content);
    if (small.bytes <= kChildInlineMax) co_return Result<>();
    auto copied = co_await gather(worker, std::move(small.pieces), UINT64_MAX);
    if (!copied.ok()) co_return std::move(copied).error();
    outcome.cost.copied.heap += *copied;
    co_return Result<>();
}

}  // namespace

bool Children::begin(run::Call call, const run::CallTerms& terms, std::shared_ptr<const registry::Function> caller, bool must) {
    if (children_.size() >= most_) return false;
    auto child = std::make_shared<Child>(Child{std::move(call), terms, std::move(caller), must, {}, {}, false, false});
    child->path = "/f/" + child->call.name;
    children_.push_back(std::move(child));
    begin_those_that_can();
    return true;
}

void Children::begin_those_that_can() {
    for (const auto& child : children_) {
        if (child->begun) continue;
        auto function = worker_.tables().get_function(child->call.name);
        if (function.ok() && !may_begin(**function, *child)) continue;
        child->begun = true;
        asio::co_spawn(worker_.executor(), run(shared_from_this(), child), asio::detached);
    }
}

run::Outcome Children::refusal_of(const Child& child, Error why) {
    run::Outcome outcome{.how = run::Refused{std::move(why)}};
    run::Terms terms{.id = child.call.id};
    terms.trace = child.terms.trace;
    terms.parent = child.terms.parent;
    run::close_span(outcome, child.call.name, terms, monotonic_ns());
    return outcome;
}

bool Children::may_begin(const registry::Function& function, const Child& child) const {
    if (child.must || worker_.lanes().has_room(function)) return true;
    return may_run_here(worker_, function);
}

asio::awaitable<void> Children::run(std::shared_ptr<Children> self, Shared child) {
    auto& worker = self->worker_;
    // Behind everybody who is ready: what many spawn must not be in others' way.
    co_await asio::post(worker.executor(), asio::use_awaitable);
    if (child->dropped) co_return;
    auto admitted = admit_for_call(worker, child->call.name);
    if (!admitted.ok()) co_return self->end(child, refusal_of(*child, std::move(admitted).error()));
    Attempts attempts(worker, run::request_of_call(child->call, child->path, child->call.inputs), admitted->function);
    attempts.begin_call(child->call.id, child->terms, &child->lane);
    if (attempts.unfinished()) co_await attempts.go_on();
    if (child->dropped) co_return;
    attempts.close_span();
    attempts.outcome.log = {};  // It is on its way already.
    const auto& cost = attempts.outcome.cost;
    count_call(worker, *child->caller, *admitted->function,
               {!std::holds_alternative<run::Completed>(attempts.outcome.how), cost.cpu_ns, cost.mapped_bytes});
    if (auto fits = co_await shorten(worker, attempts.outcome); !fits.ok()) attempts.outcome.how = run::Refused{std::move(fits).error()};
    self->end(child, std::move(attempts.outcome));
}

void Children::end(const Shared& child, run::Outcome outcome) {
    if (child->dropped) return;
    children_.remove(child);
    untold_.push_back({child->call.id, std::move(outcome)});
    begin_those_that_can();
    if (on_news_) on_news_();
}

std::optional<Children::News> Children::take() {
    if (!untold_.empty()) {
        News news = std::move(untold_.front());
        untold_.pop_front();
        is_idle_ = false;
        return news;
    }
    if (!std::exchange(is_idle_, false)) return std::nullopt;
    auto found = std::find_if(children_.begin(), children_.end(), [](const Shared& child) { return !child->begun && !child->must; });
    if (found == children_.end()) {
        is_idle_ = !children_.empty();
        return std::nullopt;
    }
    News news{(*found)->call.id, std::nullopt};
    children_.erase(found);
    return news;
}

bool Children::need_room() const {
    return std::any_of(children_.begin(), children_.end(), [](const Shared& child) { return child->must; });
}

void Children::drop(uint64_t id) {
    std::erase_if(untold_, [&](const News& news) { return news.id == id; });
    std::erase_if(children_, [&](const Shared& child) {
        if (child->call.id != id) return false;
        child->dropped = true;
        child->lane.cancel();
        return true;
    });
}

void Children::end() {
    on_news_ = nullptr;
    untold_.clear();
    for (const auto& child : std::exchange(children_, {})) {
        child->dropped = true;
        child->lane.cancel();
    }
}

}  // namespace inlay::serve
