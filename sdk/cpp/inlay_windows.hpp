// Sources of any size in range-for: as windows, as records, as lines. The C++ face of inlay_windows.h.
//
//     INLAY_TRY(inlay::Source source, inlay::Source::input());
//     inlay::Lines lines(source);
//     for (inlay::Text line : lines) count += line.size();
//     if (lines.error().code < 0) return lines.error();
//
// A loop ends at the end of the source or at the first error: ask for it afterwards. What a loop gives is valid until its next
// round. Each of these is gone over once.
#pragma once

#include "inlay.hpp"
#include "inlay_windows.h"

namespace inlay {

// What the classes below have in common: `Give::next` brings the next value. Not for direct use.
template <typename Value, typename Give>
class Passage {
  public:
    class Iterator {
      public:
        explicit Iterator(Give* give) : give_(give) { ++*this; }
        Value operator*() const { return value_; }
        Iterator& operator++() {
            if (!give_->next(value_)) give_ = nullptr;
            return *this;
        }
        bool operator!=(decltype(nullptr)) const { return give_ != nullptr; }

      private:
        Give* give_;
        Value value_{};
    };

    Iterator begin() { return Iterator(static_cast<Give*>(this)); }
    decltype(nullptr) end() const { return nullptr; }
    // Its code is 0 as long as all went well.
    Error error() const { return Error{code_ < 0 ? code_ : 0}; }

  protected:
    explicit Passage(int32_t code) : code_(code) {}

    int32_t code_;
};

// Piece after piece.
class Windows : public Passage<Bytes, Windows> {
  public:
    // Errors: RANGE, and those of inlay_map.
    explicit Windows(const Source& source, uint64_t offset = 0, uint64_t length = INLAY_REST)
        : Passage(inlay_windows_begin(&windows_, source.get(), offset, length)) {}
    Windows(const Windows&) = delete;
    ~Windows() {
        if (code_ > 0) inlay_windows_end(&windows_);
    }

    bool next(Bytes& bytes) {
        inlay_view view;
        if (code_ < 0 || (code_ = inlay_windows_next(&windows_, &view)) <= 0) return false;
        bytes = {view.data, view.size};
        return true;
    }

  private:
    inlay_windows windows_;
};

// Record after record, each a T as it lies in the source. A part of one at the end is left out.
template <typename T>
class Records : public Passage<const T*, Records<T>> {
  public:
    using Base = Passage<const T*, Records<T>>;
    // Errors: RANGE, and those of inlay_map.
    explicit Records(const Source& source, uint64_t offset = 0, uint64_t length = INLAY_REST)
        : Base(inlay_records_begin(&windows_, source.get(), offset, length, sizeof(T))) {}
    Records(const Records&) = delete;
    ~Records() {
        if (this->code_ > 0) inlay_windows_end(&windows_);
    }

    bool next(const T*& record) {
        if (record != nullptr && ++record != end_) return true;
        inlay_view view;
        do {
            if (this->code_ < 0 || (this->code_ = inlay_windows_next(&windows_, &view)) <= 0) return false;
        } while (view.size < sizeof(T));
        record = reinterpret_cast<const T*>(view.data);
        end_ = record + view.size / sizeof(T);
        return true;
    }

  private:
    inlay_windows windows_;
    const T* end_ = nullptr;
};

// Line after line, without their newlines.
class Lines : public Passage<Text, Lines> {
  public:
    // Errors: RANGE, those of inlay_map, and LIMIT (a line of more than INLAY_UNIT_BYTES_MAX).
    explicit Lines(const Source& source, uint64_t offset = 0, uint64_t length = INLAY_REST)
        : Passage(inlay_lines_begin(&lines_, source.get(), offset, length)) {}
    Lines(const Lines&) = delete;
    ~Lines() {
        if (code_ > 0) inlay_lines_end(&lines_);
    }

    bool next(Text& line) {
        inlay_view view;
        if (code_ < 0 || (code_ = inlay_lines_next(&lines_, &view)) <= 0) return false;
        line = Text(reinterpret_cast<const char*>(view.data), view.size);
        return true;
    }

  private:
    inlay_lines lines_;
};

}  // namespace inlay
