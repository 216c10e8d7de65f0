// LaneStream: a stream whose guest runs in a lane.
//
// Two coroutines of one thread work on it: receive_body() fills the ring while there is room and tells the lane of each piece, and
// the lane's run answers what its guest asks. Either the guest runs, and its own time with it, or it waits for the client, whose time
// to move (the stall timeout) runs then: never both.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include "serve/client_stream.hpp"
#include "serve/stream_ring.hpp"

namespace inlay::serve {

class Lane;

class LaneStream {
  public:
    // Requires: nothing of the stream has been received or sent.
    LaneStream(Worker& worker, ClientStream& client);
    LaneStream(const LaneStream&) = delete;
    LaneStream& operator=(const LaneStream&) = delete;

    // Receives until it is cancelled, which is when the run has ended.
    boost::asio::awaitable<void> receive_body();

    // ---- What the guest in the lane does ----

    void begin(Lane& lane);
    void end() { lane_ = nullptr; }
    // It wants the next piece. False: it may not.
    bool ask();
    // Sends a part of the response. False: as for ClientStream.
    boost::asio::awaitable<bool> send(run::Response part);

  private:
    boost::asio::awaitable<Result<>> receive_all();
    bool is_only_late(const Error& error);
    void note_end(Result<> ended);
    void tell();
    void tell_end();
    void note_waiting(bool waits);

    ClientStream& client_;
    StreamRing ring_;
    boost::asio::steady_timer has_room_;  // Cancelled when there may be room in the ring again.
    Lane* lane_ = nullptr;                // While a guest runs in it.
    std::optional<Result<>> ended_;       // How the body did.
    bool end_told_ = false;
    bool too_slow_ = false;
};

}  // namespace inlay::serve
