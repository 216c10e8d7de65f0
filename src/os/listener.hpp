// TCP listeners: one per worker, all on the same address, and nobody else's.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "os/fd.hpp"

namespace inlay::os {

// A numeric address and a port, as "127.0.0.1:8080" or "[::1]:8080".
struct Address {
    std::string host;
    uint16_t port = 0;

    bool is_loopback() const;
    std::string text() const;
};

Result<Address> parse_address(const std::string& text);

struct Listeners {
    Address address;  // With the port that port 0 became.
    std::vector<Fd> sockets;
};

// Makes `count` listening sockets that share the address; the kernel spreads connections over them. The first is bound without
// SO_REUSEPORT, so an address in use by anybody, also by another server of ours, is an error that says so.
Result<Listeners> listen_on(const Address& address, size_t count);

// Once more: heals one that somebody who shares it has shut down. What waits in its queue stays.
Result<> listen_again(int socket);

}  // namespace inlay::os
