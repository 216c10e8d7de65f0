// Commit: makes effects take place together; the answer comes when they are durable.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <vector>

#include "registry/messages.hpp"
#include "run/outcome.hpp"
#include "serve/worker.hpp"

namespace inlay::serve {

// All of them or none. The descriptors in `effects` stay open until then. Errors: precondition_failed, no_space, io_error, draining ...
boost::asio::awaitable<Result<registry::CommitAnswer>> commit(Worker& worker, const std::vector<registry::Effect>& effects);

// Commits what an invocation that has completed staged; one that could not be committed is refused from then on. Gives what was committed.
boost::asio::awaitable<registry::CommitAnswer> commit_staged(Worker& worker, run::Outcome& outcome);

}  // namespace inlay::serve
