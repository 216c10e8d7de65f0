// For tests: one worker without its loop, and a TCP connection to a client, for the parts that work on both.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <optional>
#include <string>
#include <utility>

#include "os/listener.hpp"
#include "registry/fake_supervisor.hpp"
#include "registry/shared_state.hpp"
#include "serve/worker.hpp"

namespace inlay::serve {

inline constexpr uint64_t kStandBodyMax = 4 * MiB;
inline constexpr uint64_t kStandBodyMemory = 8 * MiB;
inline constexpr uint64_t kStandStallMs = 100;

// One per process, because the worker's engine is.
inline Worker& stand_worker() {
    struct Stand {
        os::Fd shared = registry::SharedMemory::create_file().value();
        os::Listeners listeners = os::listen_on({"127.0.0.1", 0}, 1).value();
        registry::FakeSupervisor supervisor;
        std::unique_ptr<Worker> worker =
            Worker::create({supervisor.lookups_of_worker().release(), supervisor.control_of_worker().release(),
                            listeners.sockets[0].get(), shared.get()},
                           {.max_body = kStandBodyMax, .body_memory = kStandBodyMemory, .clients = {.stall_timeout_ms = kStandStallMs}})
                .value();
    };
    static Stand stand;
    return *stand.worker;
}

// Both ends of a connection. Ours does not block; the client's does.
class ClientPair {
  public:
    ClientPair() {
        using boost::asio::ip::tcp;
        tcp::acceptor acceptor(loop_, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
        client_.connect(acceptor.local_endpoint());
        ours_ = acceptor.accept();
        ours_.native_non_blocking(true);
        stand_worker().deadlines().add(waiting_);
    }

    boost::asio::ip::tcp::socket& ours() { return ours_; }
    boost::asio::ip::tcp::socket& client() { return client_; }
    Deadlines::Entry& waiting() { return waiting_; }

    // Runs the loop until `work` has ended.
    template <class T>
    T finish(boost::asio::awaitable<T> work) {
        std::optional<T> result;
        boost::asio::co_spawn(loop_, std::move(work), [&](std::exception_ptr, T value) { result = std::move(value); });
        loop_.restart();
        loop_.run();
        return std::move(result).value();
    }

    void client_sends(const std::string& bytes) { boost::asio::write(client_, boost::asio::buffer(bytes)); }
    // Everything until the end of the connection.
    std::string client_receives() {
        std::string bytes;
        boost::system::error_code ended;
        boost::asio::read(client_, boost::asio::dynamic_buffer(bytes), ended);
        return bytes;
    }

  private:
    // A deadline that is met cancels what waits, as a connection does it.
    struct Waiting : Deadlines::Entry {
        explicit Waiting(boost::asio::ip::tcp::socket& socket_given) : socket(socket_given) {}
        void on_deadline() override { socket.cancel(); }
        boost::asio::ip::tcp::socket& socket;
    };

    boost::asio::io_context loop_;
    boost::asio::ip::tcp::socket client_{loop_}, ours_{loop_};
    Waiting waiting_{ours_};
};

}  // namespace inlay::serve
