// What the kernel and a filesystem give, found out by trying where they do not say it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "os/fd.hpp"

namespace inlay::os {

// As `uname -r` says it, and its first two numbers as one: 6.1 is 6001.
std::string kernel_release();
unsigned kernel_version();

// The first line of a small file of /proc or /sys. nullopt: there is none.
std::optional<std::string> read_setting(const std::string& path);
// The word in brackets, where a setting lists all it may be: "always [madvise] never".
std::string chosen_word(const std::string& setting);
Result<> write_setting(const std::string& path, const std::string& value);

// How many descriptors a process may raise its limit to.
uint64_t descriptors_max();

// "ext4", "tmpfs" ...; a number where the name is not known. Of a directory.
std::string filesystem_name(int directory);
// Whether what is written there outlives a loss of power at all.
bool is_in_memory(int directory);

// Tries with a file in `directory` that has no name. Errors: it has none of those.
Result<Fd> create_probe_file(int directory, uint64_t size);
bool takes_direct_writes(int directory);
// Of a file with a name: the one thing left behind if we die in the middle.
bool grants_leases(int directory);
// How many bytes of a file of `size` bytes lie in huge pages once it was read anew.
uint64_t huge_bytes_of_file(int directory, uint64_t size);
// Has a file's pages read in anew, each as small as can be: for what is measured against huge ones. Requires: it was synced.
Result<> lay_in_small_pages(int fd, uint64_t size);
// The same of a memfd that asks for them.
uint64_t huge_bytes_of_memfd(uint64_t size);

}  // namespace inlay::os
