// Pages: a file or memfd, and how this process reads it where it lies.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.hpp"
#include "os/fd.hpp"
#include "os/mapping.hpp"

namespace inlay::os {

// Held by shared_ptr by everybody who needs its bytes. Belongs to one thread.
class Pages {
  public:
    // On a disk, of which memory may hold only parts; or in memory alone.
    enum class Home { disk, memory };

    Pages() = default;
    Pages(Fd fd, uint64_t size, Home home) : fd_(std::move(fd)), size_(size), home_(home) {}
    // In memory, with a mapping that may be written and larger than what there is of them yet.
    Pages(Fd fd, Mapping writable) : fd_(std::move(fd)), view_(std::move(writable)) {}
    Pages(Pages&&) noexcept = default;
    Pages& operator=(Pages&&) noexcept = default;

    int fd() const { return fd_.get(); }
    uint64_t size() const { return size_; }
    Home home() const { return home_; }

    // Of pages that were made with a writable mapping: where to write, and how much of it counts.
    uint8_t* writable() { return view_.data(); }
    void set_size(uint64_t size) { size_ = size; }

    // Somebody else's hands may still be on them: the kernel's after sendfile. Such pages are never written again.
    void note_lent() const { lent_ = true; }
    bool lent() const { return lent_; }

    // Of a file that is not ours: others may write it one day, and until then we are told in time. So the kernel's hands must not
    // stay on them either; once lost, whatever was made of them and has not left yet is void.
    void set_foreign() { foreign_ = true; }
    bool foreign() const { return foreign_; }
    void note_lost() const { lost_ = true; }
    bool lost() const { return lost_; }

    // All bytes, mapped at first use; empty: there are no addresses for it. Where the file has lost bytes, system calls that
    // read them fail with EFAULT, and everybody else is killed.
    std::string_view view() const;
    // Whether reading [offset, offset + length) waits for no disk. Takes 1 ms per 0.5 GiB.
    bool in_memory(uint64_t offset, uint64_t length) const;

    // What a look over all of it found, and when; that takes time, and is for others to do.
    struct Survey {
        bool found_all = false;
        uint64_t as_of_ms = 0;
        bool under_way = false;
    };
    Survey& survey() const { return survey_; }

    // How much of it was mapped into functions since somebody was told of that, and when that was.
    struct Use {
        uint64_t mapped_bytes = 0;
        uint64_t told_ms = 0;
    };
    Use& use() const { return use_; }

  private:
    Fd fd_;
    uint64_t size_ = 0;
    Home home_ = Home::memory;
    mutable Mapping view_;
    mutable Survey survey_;
    mutable Use use_;
    mutable bool lent_ = false;
    bool foreign_ = false;
    mutable bool lost_ = false;
};

// Whether all pages that hold `bytes` of a mapped file are in memory. Any thread.
bool all_in_memory(std::string_view bytes) noexcept;
// Waits until the pages that hold `bytes` of a mapped file have been read from disk. False: they cannot be. Any thread.
bool bring_into_memory(std::string_view bytes) noexcept;

}  // namespace inlay::os
