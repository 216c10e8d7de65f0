// Tracing: which requests are traced, and where their traces go.
#pragma once

#include "run/outcome.hpp"
#include "run/terms.hpp"
#include "serve/reply.hpp"
#include "serve/request_head.hpp"

namespace inlay::serve {

class Worker;

// Where the request asks for it, by its `traceparent`.
void begin_trace(const RequestHead& head, run::Terms& terms);

// Hands the trace on, once its last span is there, and tells the client under which id. Of what is not traced: nothing.
void end_trace(Worker& worker, const run::Terms& terms, run::Outcome& outcome, Reply* reply);

}  // namespace inlay::serve
