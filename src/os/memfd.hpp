// Anonymous files in memory: the pages of bodies, outputs and messages.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.hpp"
#include "os/fd.hpp"

namespace inlay::os {

// A memfd of `size` zero bytes. `name` shows in /proc/PID/maps.
Result<Fd> create_memfd(const char* name, uint64_t size);

// A memfd with these bytes.
Result<Fd> create_memfd_of(const char* name, std::string_view content);

// From now on it can only grow.
Result<> seal_against_shrinking(int fd);

// A sealed memfd with everything that can be read from `from`, a pipe for one. Errors: body_too_large beyond `size_max`; io_error.
Result<Fd> create_memfd_from(const char* name, int from, uint64_t size_max);

// Frees its pages, whoever else has mapped them: they read as zeros from now on. What the kernel has still to send stays as it is.
void free_pages(int fd) noexcept;

// Makes the size final: no later truncation can turn a mapping's pages into SIGBUS.
Result<> seal_size(int fd);

// Whether nobody can change size or content any more.
bool is_sealed(int fd) noexcept;

// Makes size and content final; done before, by whoever holds it, is done. Requires: no writable shared mapping exists.
Result<> seal(int fd);

}  // namespace inlay::os
