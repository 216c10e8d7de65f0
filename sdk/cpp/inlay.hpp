// A layer over inlay_sdk.h for functions in C++20: windows that unmap themselves, results, and one line per function.
//
//     #include "inlay.hpp"
//
//     INLAY_ANSWER {
//         INLAY_TRY(inlay::Window input, inlay::map_input());
//         return inlay::respond("text/plain", static_cast<inlay::Window&&>(input));
//     }
//
// Header-only, without exceptions, RTTI, libc or libc++ (there are no std headers for a freestanding wasm32, hence Span
// and Text). A failure is an Error; returned from the function it becomes the client's 404, 400 or 413, as
// inlay_fail_parameter words it.
//
// Ownership: Window and Output own what they map and unmap it at the end of their scope; responding or publishing takes
// that away from them, because the pages are then the host's to read. Source is a name of the host's and a value. Span
// and Text are borrowed and passed by value.
#pragma once

#include "inlay_sdk.h"

namespace inlay {

template <typename T>
class Span {
  public:
    constexpr Span() = default;
    constexpr Span(T* data, uint32_t size) : data_(data), size_(size) {}
    template <uint32_t N>
    constexpr Span(T (&array)[N]) : data_(array), size_(N) {}

    constexpr T* data() const { return data_; }
    constexpr uint32_t size() const { return size_; }
    constexpr bool empty() const { return size_ == 0; }
    constexpr T* begin() const { return data_; }
    constexpr T* end() const { return data_ + size_; }
    constexpr T& operator[](uint32_t index) const { return data_[index]; }
    // Requires: offset + size <= size().
    constexpr Span piece(uint32_t offset, uint32_t size) const { return {data_ + offset, size}; }

  private:
    T* data_ = nullptr;
    uint32_t size_ = 0;
};

using Bytes = Span<const uint8_t>;

// Text that somebody else keeps; made from a literal or from a piece of a buffer.
class Text : public Span<const char> {
  public:
    using Span::Span;
    constexpr Text(const char* literal) : Span(literal, 0) {
        uint32_t length = 0;
        while (literal[length] != 0) length++;
        *this = Text(literal, length);
    }
};

// ---- results -------------------------------------------------------------------------------------------------------

struct Error {
    int32_t code = 0;                 // of enum inlay_error
    const char* parameter = "object"; // the query parameter that led to it
};

// A value or an Error. T has a default constructor and owns nothing in that state.
template <typename T>
class [[nodiscard]] Result {
  public:
    Result(T&& value) : value_(static_cast<T&&>(value)) {}
    Result(Error error) : error_(error) {}

    explicit operator bool() const { return error_.code == 0; }
    // Its code is 0 where there is a value.
    Error error() const { return error_; }
    // The same result; an error names this query parameter.
    Result&& about(const char* parameter) && {
        error_.parameter = parameter;
        return static_cast<Result&&>(*this);
    }
    // Requires: no error.
    T&& value() { return static_cast<T&&>(value_); }

  private:
    T value_{};
    Error error_{};
};

// What the function returns. From an Error: the response that tells the client of it.
class Answer {
  public:
    explicit Answer(int32_t code) : code_(code) {}
    Answer(Error error) : code_(inlay_fail_parameter(error.code, error.parameter)) {}
    int32_t code() const { return code_; }

  private:
    int32_t code_;
};

// INLAY_TRY(Window input, map_input()): declares `input`, or returns the Error from the function around it.
#define INLAY_TRY(declaration, ...) INLAY_TRY_LINE(__LINE__, declaration, __VA_ARGS__)
#define INLAY_TRY_LINE(line, declaration, ...) INLAY_TRY_PASTE(line, declaration, __VA_ARGS__)
#define INLAY_TRY_PASTE(line, declaration, ...) INLAY_TRY_NAMED(inlay_result_##line, declaration, __VA_ARGS__)
#define INLAY_TRY_NAMED(result, declaration, ...) \
    auto result = (__VA_ARGS__);                  \
    if (!result) return result.error();           \
    declaration = result.value()

// Begins the definition of the function: INLAY_ANSWER { ...; return inlay::respond(...); }
#define INLAY_ANSWER                                      \
    static inlay::Answer inlay_answer();                  \
    INLAY_FUNCTION { return inlay_answer().code(); }      \
    static inlay::Answer inlay_answer()

// ---- windows -------------------------------------------------------------------------------------------------------

// Owns one mapped range; what Window and Output have in common.
class Mapped {
  public:
    Mapped() = default;
    explicit Mapped(inlay_range range) : range_(range) {}
    Mapped(Mapped&& other) : range_(other.release()) {}
    Mapped& operator=(Mapped&& other) {
        if (this != &other) {
            unmap();
            range_ = other.release();
        }
        return *this;
    }
    ~Mapped() { unmap(); }

    uint32_t size() const { return range_.length; }
    bool empty() const { return range_.length == 0; }
    // The window stays mapped until the invocation ends.
    inlay_range release() {
        inlay_range range = range_;
        range_ = {0, 0};
        return range;
    }
    void unmap() {
        if (range_.address != 0) inlay_unmap(range_.address);
        range_ = {0, 0};
    }

  protected:
    inlay_range range_{0, 0};
};

// Input that lies in the guest's memory, read-only. At least 64 bytes after its end are readable.
class Window : public Mapped {
  public:
    using Mapped::Mapped;
    Bytes bytes() const { return {reinterpret_cast<const uint8_t*>(uintptr_t{range_.address}), range_.length}; }
};

// Input that may be written, for this invocation alone. Its whole length counts as the function's own memory.
class PrivateWindow : public Mapped {
  public:
    using Mapped::Mapped;
    Span<uint8_t> bytes() const { return {reinterpret_cast<uint8_t*>(uintptr_t{range_.address}), range_.length}; }
};

// Pages to be written once and then responded or published by reference.
class Output : public Mapped {
  public:
    using Mapped::Mapped;
    // All zero. Length 0 gives an empty output without a window. Errors: those of inlay_output.
    static Result<Output> create(uint64_t length) {
        inlay_range range{0, 0};
        int32_t code = length == 0 ? 0 : inlay_output(length, &range);
        if (code < 0) return Error{code};
        return Output(range);
    }
    Span<uint8_t> bytes() const { return {reinterpret_cast<uint8_t*>(uintptr_t{range_.address}), range_.length}; }
};

// The request body or one version of an object.
class Source {
  public:
    Source() = default;
    // Errors: those of inlay_open.
    static Result<Source> open(Text name) {
        Source source;
        int32_t code = inlay_open(name.data(), name.size(), &source.source_);
        if (code < 0) return Error{code};
        return static_cast<Source&&>(source);
    }
    // The object named by the query parameter "object", or else the request body. Errors: those of inlay_input_source.
    static Result<Source> input() {
        Source source;
        int32_t code = inlay_input_source(&source.source_);
        if (code < 0) return Error{code};
        return static_cast<Source&&>(source);
    }
    uint64_t size() const { return source_.size; }
    const inlay_source* get() const { return &source_; }
    // Errors: those of inlay_map.
    Result<Window> map(uint64_t offset = 0, uint64_t length = INLAY_REST, uint32_t flags = 0) const {
        inlay_view view{nullptr, 0};
        int32_t code = inlay_map_view(&source_, offset, length, flags, &view);
        if (code < 0) return Error{code};
        return Window(inlay_range_of(view.data, view.size));
    }
    // Errors: those of inlay_map.
    Result<PrivateWindow> map_private(uint64_t offset = 0, uint64_t length = INLAY_REST) const {
        INLAY_TRY(Window window, map(offset, length, INLAY_MAP_PRIVATE));
        return PrivateWindow(window.release());
    }

  private:
    inlay_source source_{0, 0, 0};
};

// The whole input. Errors: those of Source::input and Source::map.
inline Result<Window> map_input() {
    INLAY_TRY(Source source, Source::input());
    return source.map();
}

// ---- the request ---------------------------------------------------------------------------------------------------

// The query parameter, as a piece of `buffer`. Errors: ABSENT, ARGUMENT (longer than the buffer).
inline Result<Text> parameter(const char* name, Span<char> buffer) {
    int32_t length = inlay_parameter(name, buffer.data(), buffer.size());
    if (length < 0) return Error{length, name};
    return Text(buffer.data(), static_cast<uint32_t>(length));
}

// The request's header field, as a piece of `buffer`; `otherwise` where there is none that fits.
inline Text field_or(const char* name, Span<char> buffer, Text otherwise) {
    int32_t length = inlay_field(name, buffer.data(), buffer.size());
    return length < 0 ? otherwise : Text(buffer.data(), static_cast<uint32_t>(length));
}

// ---- streams -------------------------------------------------------------------------------------------------------

// The next piece of the request body, valid until the next call; empty at the end. Errors: those of inlay_receive.
inline Result<Bytes> receive() {
    inlay_view piece{nullptr, 0};
    int32_t code = inlay_receive_view(&piece);
    if (code < 0) return Error{code};
    return Bytes(piece.data, piece.size);
}

// Sends the bytes as the next part of the response; then they may be written again. Errors: those of inlay_send.
inline Result<uint32_t> send(Span<const uint8_t> bytes) {
    int32_t code = inlay_send_bytes(bytes.data(), bytes.size());
    if (code < 0) return Error{code};
    return bytes.size();
}

// ---- answers and effects -------------------------------------------------------------------------------------------

// The ranges, one after the other. Windows they lie in must stay mapped: release() them. An empty `content_type` sets none.
inline Answer respond(Text content_type, Span<const inlay_range> ranges) {
    int32_t code = content_type.empty() ? 0 : inlay_header("Content-Type", 12, content_type.data(), content_type.size());
    return Answer(code < 0 ? code : inlay_respond(ranges.data(), ranges.size()));
}

// The whole window, by reference.
inline Answer respond(Text content_type, Mapped&& window) {
    inlay_range range = window.release();
    return respond(content_type, Span<const inlay_range>(&range, range.length != 0));
}

// Text that lies in static memory.
inline Answer respond(Text content_type, Text text) {
    inlay_range range = inlay_range_of(text.data(), text.size());
    return respond(content_type, Span<const inlay_range>(&range, range.length != 0));
}

inline Answer fail(uint32_t status, const char* literal) { return Answer(inlay_fail(status, literal)); }

// Stages the whole output as the new version of object "BUCKET/KEY", by reference, and returns its size in bytes.
// Errors: those of inlay_publish.
inline Result<uint32_t> publish(Text name, Text content_type, Output&& output) {
    inlay_range range = output.release();
    uint32_t size = range.length;
    int32_t code = inlay_publish(name.data(), name.size(), content_type.data(), content_type.size(), &range, size != 0);
    if (code < 0) return Error{code};
    return static_cast<uint32_t&&>(size);
}

}  // namespace inlay
