// Calls one after the other, each from a turn of the loop of its own.
#include "serve/turns.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <utility>

namespace inlay::serve {
namespace asio = boost::asio;

asio::awaitable<void> Turns::next() {
    asio::any_io_executor loop = co_await asio::this_coro::executor;
    asio::steady_timer called(loop, asio::steady_timer::time_point::max());
    struct Entry {
        std::list<asio::steady_timer*>& list;
        std::list<asio::steady_timer*>::iterator at;
        ~Entry() { list.erase(at); }
    } entry{waiting_, waiting_.insert(waiting_.end(), &called)};
    if (!std::exchange(is_calling_, true)) asio::post(loop, [this, loop] { call_first(loop); });
    co_await called.async_wait(asio::as_tuple(asio::use_awaitable));
}

// Whoever is called has left before the next call, which comes behind it in the loop.
void Turns::call_first(const asio::any_io_executor& loop) {
    is_calling_ = !waiting_.empty();
    if (!is_calling_) return;
    waiting_.front()->cancel();
    asio::post(loop, [this, loop] { call_first(loop); });
}

}  // namespace inlay::serve
