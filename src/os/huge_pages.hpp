// Memory files in huge pages.
#pragma once

#include <cstdint>
#include <stop_token>

#include "base/result.hpp"
#include "os/fd.hpp"

namespace inlay::os {

// A sealed memfd with the first `size` bytes of a file, copied into huge pages; what is less than one, at its end, lies in small ones.
// Cost: reading the file. Errors: overloaded: the kernel has no huge pages for it; draining: `stop`; io_error.
Result<Fd> copy_into_huge_pages(const char* name, int file, uint64_t size, const std::stop_token& stop);

// Whether the kernel gives huge pages to memfds that ask for them by copy_into_huge_pages(), found out by making one.
bool gives_huge_memfds();

}  // namespace inlay::os
