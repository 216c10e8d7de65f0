// Accepts, receives one message, answers.
#include "control/link_door.hpp"

#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

#include <chrono>

#include "base/limits.hpp"
#include "os/file.hpp"
#include "os/local_socket.hpp"
#include "registry/messages.hpp"

namespace inlay::control {
namespace asio = boost::asio;
using Descriptor = asio::posix::stream_descriptor;

// Ends with the last that waits for it: its question, its time, its answer.
struct LinkDoor::Client {
    Client(asio::io_context& loop, os::Fd socket, os::Fd readable_end, std::shared_ptr<size_t> counted)
        : channel(std::move(socket)), readable(loop, readable_end.release()), timer(loop), clients(std::move(counted)) {
        ++*clients;
    }
    ~Client() { --*clients; }

    os::Channel channel;
    Descriptor readable;
    asio::steady_timer timer;
    std::shared_ptr<size_t> clients;
};

Result<std::unique_ptr<LinkDoor>> LinkDoor::create(asio::io_context& loop, int directory, OnQuestion on_question) {
    INLAY_TRY(auto listener, os::listen_local(directory, kLinkDoorName));
    std::unique_ptr<LinkDoor> made(new LinkDoor(loop, std::move(listener), std::move(on_question)));
    made->watch();
    return made;
}

LinkDoor::LinkDoor(asio::io_context& loop, os::Fd listener, OnQuestion on_question)
    : loop_(loop), listener_(loop, listener.release()), pause_(loop), on_question_(std::move(on_question)) {}

void LinkDoor::watch() {
    listener_.async_wait(Descriptor::wait_read, [this](boost::system::error_code error) {
        if (error) return;
        while (auto socket = os::accept_local(listener_.native_handle())) let_in(std::move(socket));
        // A moment later: without descriptors the same client would wake us at once again.
        pause_.expires_after(std::chrono::milliseconds(kLinkDoorPauseMs));
        pause_.async_wait([this](boost::system::error_code ended) {
            if (!ended) watch();
        });
    });
}

void LinkDoor::let_in(os::Fd socket) {
    os::Fd readable = os::duplicate(socket.get());
    bool trusted = os::peer_is_trusted(socket.get());
    if (!readable || !trusted || *clients_ >= kLinkClientsMax) {
        Error refusal = trusted ? Error{Errc::overloaded, fmt::format("{} clients hand files over already: retry later", *clients_)}
                                : Error{Errc::unauthorized, "files are linked by the server's own user, or by root"};
        (void)os::Channel(std::move(socket)).send(registry::answer(1, refusal), {});
        return;
    }
    auto client = std::make_shared<Client>(loop_, std::move(socket), std::move(readable), clients_);
    client->timer.expires_after(std::chrono::milliseconds(kLinkClientMs));
    client->timer.async_wait([weak = std::weak_ptr(client)](boost::system::error_code ended) {
        boost::system::error_code ignored;
        if (auto late = weak.lock(); late && !ended) late->readable.close(ignored);
    });
    listen_to(client);
}

void LinkDoor::listen_to(const std::shared_ptr<Client>& client) {
    client->readable.async_wait(Descriptor::wait_read, [this, client](boost::system::error_code error) {
        if (error) return;
        client->timer.cancel();
        os::Message question;
        auto received = client->channel.receive(question);
        if (!received.ok() || *received != os::Transfer::done) return;
        on_question_(question, [client](const std::string& bytes) { (void)client->channel.send(bytes, {}); });
    });
}

}  // namespace inlay::control
