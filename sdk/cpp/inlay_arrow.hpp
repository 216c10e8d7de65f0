// Columns of an Arrow IPC file as typed values where they lie. The C++ face of inlay_arrow.h.
//
//     inlay::arrow::File file(input.bytes());
//     inlay::arrow::Column column = file.column("price");
//     for (inlay::arrow::Chunk chunk : column) {
//         column.visit([&]<typename T>(inlay::arrow::Type<T>) {
//             for (T value : chunk.values<T>()) ...;
//         });
//     }
//     if (column.error().code < 0) return fail(422, inlay_arrow_words_of(column.error().code));
//
// A failed file gives a failed column, and a failed column has no chunks: one look at the end is enough. Codes are those of enum
// inlay_arrow_error. Both are bound to the bytes they were made of, and a column to its file.
#pragma once

#include "inlay_arrow.h"
#include "inlay_windows.hpp"

namespace inlay::arrow {

template <typename T>
struct Type {};

// Values that need not be aligned, in range-for and by index.
template <typename T>
class Values {
  public:
    class Iterator {
      public:
        explicit Iterator(const uint8_t* at) : at_(at) {}
        T operator*() const {
            T value;
            __builtin_memcpy(&value, at_, sizeof value);
            return value;
        }
        Iterator& operator++() {
            at_ += sizeof(T);
            return *this;
        }
        bool operator!=(Iterator other) const { return at_ != other.at_; }

      private:
        const uint8_t* at_;
    };

    Values(const uint8_t* data, uint64_t size) : data_(data), size_(size) {}

    uint64_t size() const { return size_; }
    Iterator begin() const { return Iterator(data_); }
    Iterator end() const { return Iterator(data_ + size_ * sizeof(T)); }
    // Requires: index < size().
    T operator[](uint64_t index) const { return *Iterator(data_ + index * sizeof(T)); }

  private:
    const uint8_t* data_;
    uint64_t size_;
};

// A column's rows in one batch.
class Chunk {
  public:
    Chunk() = default;
    explicit Chunk(const inlay_arrow_chunk& chunk) : chunk_(chunk) {}

    uint64_t rows() const { return chunk_.rows; }
    bool has_nulls() const { return chunk_.validity != nullptr; }
    // Requires: row < rows().
    bool is_null(uint64_t row) const { return has_nulls() && (chunk_.validity[row / 8] >> row % 8 & 1) == 0; }
    // Eight rows from `row`, a multiple of 8, on: the lowest bit is the first; 0 where it is null, or beyond the last.
    uint32_t valid_bits(uint64_t row) const {
        uint64_t left = chunk_.rows - row;
        uint32_t bits = has_nulls() ? chunk_.validity[row / 8] : 0xff;
        return left < 8 ? bits & ((1u << left) - 1) : bits;
    }
    // Requires: the column is of Ts. Nulls have values too, which mean nothing.
    template <typename T>
    Values<T> values() const {
        return {chunk_.values, chunk_.rows};
    }

  private:
    inlay_arrow_chunk chunk_{nullptr, nullptr, 0};
};

// Chunk after chunk; gone over once.
class Column : public Passage<Chunk, Column> {
  public:
    Column(int32_t code, const inlay_arrow_column& column) : Passage(code), column_(column) {}

    bool next(Chunk& chunk) {
        inlay_arrow_chunk next;
        if (code_ < 0 || (code_ = inlay_arrow_next(&column_, &next)) <= 0) return false;
        chunk = Chunk(next);
        return true;
    }

    // Calls the visitor with Type<T> of the column's values. Requires: no error.
    template <typename Visitor>
    auto visit(Visitor&& visitor) const {
        const bool is_signed = column_.kind == INLAY_ARROW_SIGNED;
        if (column_.kind == INLAY_ARROW_FLOAT) return column_.value_bytes == 4 ? visitor(Type<float>()) : visitor(Type<double>());
        switch (column_.value_bytes) {
            case 1: return is_signed ? visitor(Type<int8_t>()) : visitor(Type<uint8_t>());
            case 2: return is_signed ? visitor(Type<int16_t>()) : visitor(Type<uint16_t>());
            case 4: return is_signed ? visitor(Type<int32_t>()) : visitor(Type<uint32_t>());
            default: return is_signed ? visitor(Type<int64_t>()) : visitor(Type<uint64_t>());
        }
    }

  private:
    inlay_arrow_column column_;
};

class File {
  public:
    explicit File(Bytes bytes) : code_(inlay_arrow_open(&file_, bytes.data(), bytes.size())) {}
    File(const File&) = delete;

    Error error() const { return Error{code_}; }
    // The first column of that name; it keeps this file.
    Column column(Text name) const {
        inlay_arrow_column column{};
        int32_t code = code_ < 0 ? code_ : inlay_arrow_find(&file_, name.data(), name.size(), &column);
        return Column(code, column);
    }

  private:
    inlay_arrow_file file_{};
    int32_t code_;
};

}  // namespace inlay::arrow
