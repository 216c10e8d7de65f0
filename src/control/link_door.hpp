// LinkDoor: the socket in the data directory by which a client hands a file over to be linked: one question, one answer.
//
// Only processes of the server's own user, and root, are let in. What they say is checked by whoever answers.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "os/channel.hpp"

namespace inlay::control {

// Its name in the data directory.
inline constexpr const char* kLinkDoorName = "link.sock";

class LinkDoor {
  public:
    using Answer = std::function<void(const std::string& bytes)>;
    // Called on the loop; `answer` once, then or later.
    using OnQuestion = std::function<void(os::Message& question, Answer answer)>;

    static Result<std::unique_ptr<LinkDoor>> create(boost::asio::io_context& loop, int directory, OnQuestion on_question);

  private:
    struct Client;

    LinkDoor(boost::asio::io_context& loop, os::Fd listener, OnQuestion on_question);

    void watch();
    void let_in(os::Fd socket);
    void listen_to(const std::shared_ptr<Client>& client);

    boost::asio::io_context& loop_;
    boost::asio::posix::stream_descriptor listener_;
    boost::asio::steady_timer pause_;
    OnQuestion on_question_;
    std::shared_ptr<size_t> clients_ = std::make_shared<size_t>(0);
};

}  // namespace inlay::control
