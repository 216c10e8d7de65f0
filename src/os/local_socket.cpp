// socket(2) with AF_UNIX.
#include "os/local_socket.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "os/file.hpp"

namespace inlay::os {
namespace {

constexpr int kWaitingMax = 16;

sockaddr_un address_in(int directory, const std::string& name) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    auto path = "/proc/self/fd/" + std::to_string(directory) + "/" + name;
    INLAY_CHECK(path.size() < sizeof address.sun_path);  // Our own short names.
    path.copy(address.sun_path, path.size());
    return address;
}

const sockaddr* general(const sockaddr_un& address) { return reinterpret_cast<const sockaddr*>(&address); }

}  // namespace

Result<Fd> listen_local(int directory, const std::string& name) {
    Fd fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) return os_error("socket");
    INLAY_TRY_VOID(unlink(directory, name));
    auto address = address_in(directory, name);
    // Its rights before its name: nobody gets in between.
    if (::fchmod(fd.get(), 0600) != 0 || ::bind(fd.get(), general(address), sizeof address) != 0 || ::listen(fd.get(), kWaitingMax) != 0)
        return os_error("listen at " + name);
    return fd;
}

Result<Fd> connect_local(int directory, const std::string& name) {
    Fd fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    if (!fd) return os_error("socket");
    auto address = address_in(directory, name);
    if (::connect(fd.get(), general(address), sizeof address) != 0) return os_error("connect to " + name);
    return fd;
}

Fd accept_local(int listener) noexcept { return Fd(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)); }

bool peer_is_trusted(int socket) noexcept {
    ucred peer{};
    socklen_t size = sizeof peer;
    if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
    return peer.uid == 0 || peer.uid == ::geteuid();
}

}  // namespace inlay::os
