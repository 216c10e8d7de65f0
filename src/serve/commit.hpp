// Commit: makes effects take place together; the answer comes when they are durable.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <vector>

#include "registry/messages.hpp"
#include "serve/worker.hpp"

namespace inlay::serve {

// All of them or none. The descriptors in `effects` stay open until then. Errors: precondition_failed, no_space, io_error, draining ...
boost::asio::awaitable<Result<registry::CommitAnswer>> commit(Worker& worker, const std::vector<registry::Effect>& effects);

}  // namespace inlay::serve
