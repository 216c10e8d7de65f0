// What a request takes from the heap. What connections answer is tested from outside, test/http_test.py and others.
#include "serve/connection.hpp"

#include <gtest/gtest.h>

#include <malloc.h>

#include "serve/worker_stand.hpp"

namespace {
size_t aligned_allocations = 0;
}

// Where Asio takes frames of coroutines from when it has none of a fitting size kept; nothing above 1,020 bytes is.
extern "C" void* aligned_alloc(size_t alignment, size_t bytes) noexcept {
    aligned_allocations++;
    return ::memalign(alignment, bytes);
}

namespace inlay::serve {
namespace {

namespace asio = boost::asio;

asio::awaitable<bool> run(Connection& connection) {
    co_await connection.run();
    co_return true;
}

// How many of them it takes to answer so many requests that come one behind the other.
size_t allocations_of(size_t requests) {
    ClientPair pair;
    std::string text;
    for (size_t i = 0; i < requests; i++) text += "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n";
    pair.client_sends(text);
    pair.client().shutdown(asio::ip::tcp::socket::shutdown_send);
    size_t before = 0;
    {
        Connection connection(stand_worker(), std::move(pair.ours()));
        before = aligned_allocations;
        pair.finish(run(connection));
    }
    size_t taken = aligned_allocations - before;
    auto answers = pair.client_receives();
    EXPECT_TRUE(answers.ends_with("ok\n"));
    return taken;
}

TEST(Connection, AWarmRequestTakesNoCoroutinesFrameFromTheHeap) {
    size_t few = allocations_of(10);
    EXPECT_GT(few, 0u) << "the first ones are";
    EXPECT_LE(allocations_of(200), few) << "more than those that came to stay";
}

}  // namespace
}  // namespace inlay::serve
