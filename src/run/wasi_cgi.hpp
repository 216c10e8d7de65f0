// CGI: what a WASI program learns of its request, and a head before its response (RFC 3875), where the deploy wants that.
#pragma once

#include <string>
#include <vector>

#include "run/invocation.hpp"

namespace inlay::run::wasi {

// argv: the function's name, then the values of the query's parameters called `arg`, in order; or, as RFC 3875 section 4.4 says, of a query without
// "=" the words between its plus signs. Errors: bad_request: an escape is malformed.
Result<std::vector<std::string>> arguments_of(const Invocation& invocation);

// NAME=VALUE: what the deploy gives; with CGI also what RFC 3875 section 4.1 names, as far as there is such a thing here.
std::vector<std::string> environment_of(const Invocation& invocation);

// Whether the deploy says --env INLAY_CGI=1: anything but "0" and nothing.
bool wants_cgi(const Invocation& invocation);

// Takes the head (RFC 3875 section 6.2 and 6.3: fields, `Status`, an empty line) off the response's content. Errors: function_trapped: there is none
// within kCgiHeadBytesMax, or a line of it is no field.
Result<> take_cgi_head(Invocation& invocation);

}  // namespace inlay::run::wasi
