// Writes the head of a response into room that the caller gives.
//
//     HeadWriter head(room, 200);
//     head.field("Content-Type", "text/plain").field("Content-Length", 5);
//     auto bytes = head.finish();
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace inlay {

// The reason phrase that goes with a status (IANA registry of 2024); empty for a status without one.
std::string_view reason_phrase(uint16_t status) noexcept;

// Invariant: what was written is a head so far. Once something does not fit or breaks the rules of fields, nothing more
// is written and finish() gives nothing: a value with a line end in it never reaches a client. Allocates nothing.
class HeadWriter {
  public:
    // Writes the status line. Requires: 100 <= status <= 999.
    // Valid until: `room` ends.
    HeadWriter(std::span<char> room, uint16_t status) noexcept;

    HeadWriter& field(std::string_view name, std::string_view value) noexcept;
    HeadWriter& field(std::string_view name, uint64_t value) noexcept;
    // Writes field lines that were put together before, each with its CR LF; none for an empty text.
    HeadWriter& lines(std::string_view lines) noexcept;

    // Writes the empty line; gives the whole head, a view into `room`. Nothing when it did not fit or a field was not
    // well-formed. Call once.
    std::optional<std::string_view> finish() noexcept;

  private:
    bool begin_field(std::string_view name, size_t value_bytes) noexcept;
    void put(std::string_view text) noexcept;

    std::span<char> room_;
    size_t length_ = 0;
    bool fine_ = true;
};

}  // namespace inlay
