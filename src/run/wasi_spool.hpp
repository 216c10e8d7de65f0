// Spool: what a WASI program writes, until it becomes the response or an object.
//
// Few bytes are our own; from a bound on they lie in output pages, which are replaced by ones twice as large when they are full. Every byte
// is copied once when it is written, and those that are there once more with each such step; both are counted (`wasi`).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "run/invocation.hpp"
#include "run/wasi_abi.hpp"

namespace inlay::run::wasi {

class Spool {
  public:
    // `inline_max`: so many bytes are kept outside of pages.
    explicit Spool(size_t inline_max) : inline_max_(inline_max) {}

    uint64_t size() const { return pages_ ? size_ : bytes_.size(); }

    // Writes at an offset, also behind the end: what is left out is zero. Errors: dquot: the function's output_bytes; nospc: no room now;
    // kStopGuest: a worker does not give that, it begins again in a lane.
    int32_t write(Invocation& invocation, uint64_t offset, std::string_view bytes);
    // Cuts, or adds zeros. Errors: as of write().
    int32_t resize(Invocation& invocation, uint64_t size);
    // Whether so many bytes more would have to go into larger pages, with all that is there.
    bool is_full_for(uint64_t bytes) const { return pages_ && size_ + bytes > pages_->size(); }
    // Goes on in pages that hold `size` bytes. Requires: it is empty; they are among the invocation's outputs, and nobody else will look at them.
    void adopt(std::shared_ptr<const os::Pages> pages, uint64_t size);
    // Copies [offset, offset + to.size()) out. Requires: that lies inside. False: io.
    bool read(Invocation& invocation, uint64_t offset, std::span<uint8_t> to) const;
    // All of it; it is empty then, and its next pages are twice as large. The pages are among the invocation's outputs, and are sealed with them.
    Piece take(Invocation& invocation);

  private:
    int32_t make_room(Invocation& invocation, uint64_t size);

    size_t inline_max_;
    std::string bytes_;
    std::shared_ptr<const os::Pages> pages_;
    uint64_t size_ = 0;
    uint64_t next_bytes_ = 0;  // Pages are this large at least.
};

}  // namespace inlay::run::wasi
