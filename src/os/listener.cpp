// socket, bind, listen.
#include "os/listener.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <charconv>
#include <cstring>

namespace inlay::os {
namespace {

constexpr int kBacklog = 4096;  // The kernel cuts it to net.core.somaxconn.

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t length = 0;

    sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

bool fill(const Address& address, SocketAddress& into) {
    auto v4 = reinterpret_cast<sockaddr_in*>(&into.storage);
    if (::inet_pton(AF_INET, address.host.c_str(), &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(address.port);
        into.length = sizeof *v4;
        return true;
    }
    auto v6 = reinterpret_cast<sockaddr_in6*>(&into.storage);
    if (::inet_pton(AF_INET6, address.host.c_str(), &v6->sin6_addr) != 1) return false;
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(address.port);
    into.length = sizeof *v6;
    return true;
}

Result<Fd> bind_socket(const Address& address, bool share) {
    SocketAddress wanted;
    if (!fill(address, wanted)) return Error{Errc::bad_request, "address " + address.text() + " is not numeric"};
    Fd fd(::socket(wanted.get()->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) return os_error("socket");
    int on = 1;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (share && ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0) return os_error("SO_REUSEPORT");
    if (::bind(fd.get(), wanted.get(), wanted.length) == 0) return fd;
    if (errno == EADDRINUSE)
        return Error{Errc::io_error, "address " + address.text() + " is in use: stop the other program or choose another --listen"};
    return os_error("bind " + address.text());
}

Result<uint16_t> port_of(int fd) {
    SocketAddress bound;
    bound.length = sizeof bound.storage;
    if (::getsockname(fd, bound.get(), &bound.length) != 0) return os_error("getsockname");
    return ntohs(reinterpret_cast<sockaddr_in*>(&bound.storage)->sin_port);  // At the same place in sockaddr_in6.
}

}  // namespace

bool Address::is_loopback() const { return host == "::1" || host.starts_with("127."); }

std::string Address::text() const {
    bool v6 = host.find(':') != host.npos;
    return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<Address> parse_address(const std::string& text) {
    auto refuse = [&] { return Error{Errc::bad_request, "address \"" + text + "\": write it as 127.0.0.1:8080 or [::1]:8080"}; };
    size_t colon = text.rfind(':');
    if (colon == text.npos) return refuse();
    Address address;
    address.host = text.substr(0, colon);
    if (address.host.size() > 2 && address.host.front() == '[' && address.host.back() == ']')
        address.host = address.host.substr(1, address.host.size() - 2);
    const char* end = text.data() + text.size();
    auto [rest, error] = std::from_chars(text.data() + colon + 1, end, address.port);
    SocketAddress parsed;
    if (error != std::errc() || rest != end || !fill(address, parsed)) return refuse();
    return address;
}

Result<Listeners> listen_on(const Address& address, size_t count) {
    INLAY_CHECK(count > 0);
    Listeners made;
    made.address = address;
    INLAY_TRY(auto guard, bind_socket(address, false));
    INLAY_TRY(made.address.port, port_of(guard.get()));
    // Opened to its siblings only after it won the address: strangers still meet the bound, unshared address first.
    int on = 1;
    if (::setsockopt(guard.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0) return os_error("SO_REUSEPORT");
    made.sockets.push_back(std::move(guard));
    while (made.sockets.size() < count) {
        INLAY_TRY(auto sibling, bind_socket(made.address, true));
        made.sockets.push_back(std::move(sibling));
    }
    for (auto& socket : made.sockets)
        INLAY_TRY_VOID(listen_again(socket.get()));
    return made;
}

Result<> listen_again(int socket) {
    if (::listen(socket, kBacklog) != 0) return os_error("listen");
    return {};
}

}  // namespace inlay::os
