// Reads the head of an HTTP/1.1 request where it lies, strictly by RFC 9112, and as it arrives.
//
//     HeadReader reader;                                  // one per connection
//     auto step = reader.parse(buffered);                 // again with more bytes while incomplete
//     if (step.kind == HeadStep::Kind::complete) serve(reader.head(), buffered.substr(step.consumed));
//     reader.reset();                                     // before the next request
//
// What other readers might understand in another way is refused, not repaired: bare CR or LF, blanks before a colon,
// folded lines, two lengths, a length beside a coding, "4, 4", codings but chunked, a missing or second Host.
//
// Invariants:
//   1. Nothing is allocated and nothing is copied: names, values and target are views into the caller's bytes.
//   2. Each line is looked at once, however slowly its bytes arrive; the outcome does not depend on how they are split.
//   3. A head has at most kHeadBytesMax bytes, empty lines and all, and kHeadFieldsMax fields.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/errc.hpp"
#include "base/head_field.hpp"
#include "base/limits.hpp"

namespace inlay {

enum class Method : uint8_t { get, head, put, post, delete_, patch, options, other };

// Valid until: the bytes that were parsed end or move, or the reader is reset or ends.
struct RequestHead {
    Method method = Method::other;
    std::string_view method_text;
    std::string_view target;  // As sent: "/path?query", "http://host/path?query", or "*".
    std::string_view path;    // Of the target, still percent-encoded: begins with '/', or is "*" for OPTIONS.
    std::string_view query;   // Without its '?'.
    std::string_view host;    // Of an absolute target, else of the Host field; may be empty.
    std::span<const HeadField> fields;  // In the order sent.
    std::optional<uint64_t> content_length;
    uint8_t version_minor = 1;  // HTTP/1.0 or HTTP/1.1.
    bool has_query = false;
    bool keep_alive = true;         // Whether the client lets the connection stay.
    bool expect_continue = false;   // The client waits for 100 before it sends content; never in HTTP/1.0.
    bool chunked = false;           // Never together with content_length.

    // The value of the first field of that name, in any case.
    std::optional<std::string_view> find(std::string_view name) const noexcept;
};

struct HeadStep {
    enum class Kind : uint8_t { incomplete, complete, error };
    Kind kind = Kind::incomplete;
    Errc code = Errc::bad_request;  // With error: also head_too_large, not_implemented, unsupported_version,
                                    // expectation_failed, body_too_large (a Content-Length past 64 bits).
    size_t consumed = 0;            // With complete: the bytes of the head, of which content follows.
    std::string_view detail;        // With error: a literal.
};

class HeadReader {
  public:
    HeadReader() = default;
    HeadReader(const HeadReader&) = delete;
    HeadReader& operator=(const HeadReader&) = delete;

    // Reads on. `buffered` holds all bytes since the end of the request before, so each call repeats what earlier ones
    // saw. When they have moved since, reading starts over.
    // Requires: the step before was incomplete, or reset() was called since.
    // Cost: linear in the bytes that no earlier call saw, and in the line that they end.
    HeadStep parse(std::string_view buffered) noexcept;

    // Requires: the last step was complete.
    const RequestHead& head() const noexcept { return head_; }

    // Forgets the head, for the next request.
    void reset() noexcept;

  private:
    enum class Stage : uint8_t { begin, request_line, fields, ended };

    HeadStep wait_for_line(std::string_view window) noexcept;
    HeadStep take_line(std::string_view line) noexcept;
    HeadStep take_request_line(std::string_view line) noexcept;
    HeadStep take_target(std::string_view target) noexcept;
    HeadStep take_field(std::string_view line) noexcept;
    HeadStep take_known_field(const HeadField& field) noexcept;
    HeadStep take_host(std::string_view value) noexcept;
    HeadStep take_content_length(std::string_view value) noexcept;
    HeadStep take_transfer_encoding(std::string_view value) noexcept;
    HeadStep take_connection(std::string_view value) noexcept;
    HeadStep finish() noexcept;

    RequestHead head_;
    const char* base_ = nullptr;  // Where `buffered` began: the views point there.
    size_t line_at_ = 0;          // Where the line in progress begins.
    size_t scanned_ = 0;          // No line end lies between line_at_ and here.
    size_t field_count_ = 0;
    Stage stage_ = Stage::begin;
    bool absolute_ = false;  // The target names the host, so the Host field does not.
    bool has_host_ = false;
    bool has_coding_ = false;
    bool says_close_ = false;
    bool says_keep_alive_ = false;
    std::array<HeadField, kHeadFieldsMax> fields_;  // The first field_count_ are set.
};

}  // namespace inlay
