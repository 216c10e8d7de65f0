// Two files of /proc/self, read where they are asked for.
#include "os/own_memory.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "os/fd.hpp"

namespace inlay::os {
namespace {

constexpr size_t kReadBytes = 64u << 10;

Fd open_own(const char* path) noexcept { return Fd(::open(path, O_RDONLY | O_CLOEXEC)); }

int pagemap() noexcept {
    static const Fd file = open_own("/proc/self/pagemap");
    return file.get();
}

int smaps() noexcept {
    static const Fd file = open_own("/proc/self/smaps");
    return file.get();
}

}  // namespace

void open_own_memory() noexcept {
    pagemap();
    smaps();
}

std::span<const uint64_t> read_pagemap(uint64_t page, std::span<uint64_t> room) noexcept {
    ssize_t got = ::pread(pagemap(), room.data(), room.size_bytes(), static_cast<off_t>(page * sizeof(uint64_t)));
    if (got <= 0) return {};
    return room.first(static_cast<size_t>(got) / sizeof(uint64_t));
}

void for_each_smaps_line(const std::function<bool(std::string_view)>& use) {
    std::vector<char> room(kReadBytes);
    std::string rest;  // A line that goes on in the next piece.
    off_t at = 0;
    for (;;) {
        ssize_t got = ::pread(smaps(), room.data(), room.size(), at);
        if (got <= 0) return;
        at += got;
        rest.append(room.data(), static_cast<size_t>(got));
        size_t begin = 0;
        for (size_t end = 0; (end = rest.find('\n', begin)) != rest.npos; begin = end + 1)
            if (!use(std::string_view(rest).substr(begin, end - begin))) return;
        rest.erase(0, begin);
    }
}

}  // namespace inlay::os
