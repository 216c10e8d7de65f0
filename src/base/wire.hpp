// Writes and reads the fields of one message: unsigned integers (little-endian, 8 bytes) and byte strings (length first).
//
// Used between our own processes only. The reader still checks every length: a process may die in the middle of a thought,
// and later workers are not trusted.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace inlay {

class WireWriter {
  public:
    WireWriter& number(uint64_t value) {
        bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
        return *this;
    }
    WireWriter& bytes(std::string_view value) {
        number(value.size());
        bytes_.append(value);
        return *this;
    }
    std::string take() { return std::move(bytes_); }

  private:
    std::string bytes_;
};

// After any failed read all later ones give zero and empty, and ok() is false: check once, at the end.
class WireReader {
  public:
    // Valid until: `bytes` ends. Strings read are views into it.
    explicit WireReader(std::string_view bytes) : rest_(bytes) {}

    uint64_t number() {
        uint64_t value = 0;
        if (!ok_ || rest_.size() < sizeof value) return fail(), 0;
        std::memcpy(&value, rest_.data(), sizeof value);
        rest_.remove_prefix(sizeof value);
        return value;
    }
    std::string_view bytes() {
        uint64_t length = number();
        if (!ok_ || length > rest_.size()) return fail(), std::string_view{};
        auto value = rest_.substr(0, length);
        rest_.remove_prefix(length);
        return value;
    }
    bool ok() const { return ok_; }
    bool finished() const { return ok_ && rest_.empty(); }

  private:
    void fail() { ok_ = false; }

    std::string_view rest_;
    bool ok_ = true;
};

}  // namespace inlay
