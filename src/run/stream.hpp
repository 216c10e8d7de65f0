// Stream: the body and the response of an invocation, piece by piece, while its guest runs.
//
// The body goes through a ring of pages that are used again and again; a piece lies in it until the next one is asked for.
// What has been received or sent cannot be had again: an invocation with a stream is never begun a second time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "base/result.hpp"
#include "os/pages.hpp"
#include "run/outcome.hpp"

namespace inlay::run {

// Bytes of the ring, one after the other.
struct RingPiece {
    uint64_t offset = 0;
    uint64_t length = 0;  // 0: the body has ended.
};

class Stream {
  public:
    virtual ~Stream() = default;

    // kStreamRingBytes.
    virtual const std::shared_ptr<const os::Pages>& ring() const = 0;
    // Gives the last piece back and takes the next one. nullopt: on a fiber, which waits then and asks again. Errors: the client is
    // gone, too slow, or breaks the rules.
    virtual std::optional<Result<RingPiece>> receive() = 0;
    // Sends content, behind the head where it is the first; afterwards its pages may be written again. nullopt: on a fiber, which
    // waits then and asks again, with the same part. Errors: the client is gone or too slow.
    virtual std::optional<Result<>> send(const Response& part) = 0;
};

}  // namespace inlay::run
