// What /proc tells of this process's own memory, through descriptors that stay open: a sandbox opens none later.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

namespace inlay::os {

// Opens both files, if that has not happened yet. Before a sandbox is entered; else the first use does it.
void open_own_memory() noexcept;

// Entries of /proc/self/pagemap, one for each OS page from this page number on (pagemap(5)); what was read of them. Nothing: they
// cannot be read.
std::span<const uint64_t> read_pagemap(uint64_t page, std::span<uint64_t> room) noexcept;

// Gives the lines of /proc/self/smaps one after the other, until `use` gives false.
void for_each_smaps_line(const std::function<bool(std::string_view)>& use);

}  // namespace inlay::os
