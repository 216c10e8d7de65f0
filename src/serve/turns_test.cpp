// Turns: in order, and with everybody else between.
#include "serve/turns.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <string>

namespace inlay::serve {
namespace {

namespace asio = boost::asio;

TEST(Turns, ComeOneAfterTheOtherWithOthersBetween) {
    asio::io_context loop{1};
    Turns turns;
    std::string order;
    auto work = [&](char name) -> asio::awaitable<void> {
        for (int i = 0; i < 3; i++) {
            co_await turns.next();
            order += name;
            asio::post(loop, [&] { order += '.'; });
        }
    };
    for (char name : {'a', 'b', 'c'}) asio::co_spawn(loop, work(name), asio::detached);
    loop.run();
    EXPECT_EQ(order, "a.b.c.a.b.c.a.b.c.");
}

TEST(Turns, EndWithTheirLoop) {
    Turns turns;
    asio::io_context loop{1};
    for (int i = 0; i < 2; i++)
        asio::co_spawn(loop, [&]() -> asio::awaitable<void> { for (;;) co_await turns.next(); }, asio::detached);
    for (int i = 0; i < 10; i++) loop.run_one();
}

}  // namespace
}  // namespace inlay::serve
