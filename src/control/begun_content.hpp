// BegunContent: the file of content that is still arriving, written from the pages it arrives in.
//
//     write(bytes) ... write(bytes) -> finish(length) -> the file, filled, for the object directory to sync and link
//                                      or read(length), when it is too large to lie in memory
//
// All of it but drop() waits for the disk. Any thread: whoever comes later waits for whoever writes. The file has no name, so that
// whatever ends before the object directory links it leaves nothing behind.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>

#include "base/result.hpp"
#include "os/fd.hpp"
#include "store/object_directory.hpp"

namespace inlay::control {

class BegunContent {
  public:
    // Byte I arrives at I modulo `ring_bytes` of `pages`. `expected`: its length as far as is known, else 0. `directory` outlives this.
    // Requires: `ring_bytes` is a multiple of the page, and not 0.
    BegunContent(store::ObjectDirectory& directory, os::Fd pages, uint64_t ring_bytes, uint64_t expected)
        : directory_(directory), pages_(std::move(pages)), ring_bytes_(ring_bytes), expected_(expected) {}

    // Makes the file, if that has not been done. Errors: no_space, when the disk has no room for what is expected; io_error, also where
    // the filesystem has no unnamed files. Like every failure here it is final.
    Result<> begin();
    // Writes what of the first `arrived` bytes makes whole pages and has not been written.
    Result<> write(uint64_t arrived);

    // Writes the rest, and opens all of it for reading.
    Result<os::Fd> read(uint64_t length);
    struct Finished {
        os::Fd file;
        uint64_t copied_bytes = 0;
    };
    // Writes the rest, and gives the file away. Once.
    Result<Finished> finish(uint64_t length);

    // Nothing of it is needed any more: what is being written ends with its piece.
    void drop() { dropped_ = true; }

  private:
    Result<> open();
    Result<> reserve_for(uint64_t end);
    Result<> write_up_to(uint64_t end);
    Result<> write_next(const os::FileRange& piece);
    Result<> complete(uint64_t length);

    store::ObjectDirectory& directory_;
    const os::Fd pages_;
    const uint64_t ring_bytes_;
    const uint64_t expected_;
    std::atomic<bool> dropped_ = false;
    std::mutex mutex_;  // Guards what follows.
    os::Fd file_;
    uint64_t written_ = 0;
    uint64_t reserved_ = 0;
    uint64_t copied_ = 0;
    std::optional<Error> failure_;
};

}  // namespace inlay::control
