// How failures of system calls become Errors.
#include "base/result.hpp"

#include <system_error>

namespace inlay {

Error os_error(std::string what, int os_errno) {
    bool full = os_errno == ENOSPC || os_errno == EDQUOT;
    what += ": ";
    what += std::generic_category().message(os_errno);
    return Error{full ? Errc::no_space : Errc::io_error, std::move(what)};
}

}  // namespace inlay
