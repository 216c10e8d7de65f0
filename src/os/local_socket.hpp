// A Unix socket with a name in a directory: how a program of the same user reaches us, and hands descriptors over.
#pragma once

#include <string>

#include "base/result.hpp"
#include "os/fd.hpp"

namespace inlay::os {

// Listens there for whole messages (see os/channel), in place of what an earlier process left; mode 0600. The directory's path
// may be longer than a socket's address.
Result<Fd> listen_local(int directory, const std::string& name);
// Errors: io_error when nobody listens there.
Result<Fd> connect_local(int directory, const std::string& name);
// The next client, non-blocking; an empty one when none waits.
Fd accept_local(int listener) noexcept;
// Whether the other end is a process of our own user or of root.
bool peer_is_trusted(int socket) noexcept;

}  // namespace inlay::os
