// Pages of keys: a bucket's listing as workers themselves read it, for pipelines and for lanes.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "registry/messages.hpp"
#include "run/supply.hpp"

namespace inlay::serve {

class Worker;

// One page of a bucket's keys, `listing.limit` at most. Of a bucket that does not exist there are none. Errors: draining, overloaded, io_error, internal.
boost::asio::awaitable<Result<run::KeyPage>> list_keys(Worker& worker, const registry::Listing& listing);

}  // namespace inlay::serve
