// How content in pages leaves for a client.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace inlay {

enum class SendWay : uint8_t {
    by_peer,  // To a client on this machine from memory, to others from files.
    memory,   // sendmsg from where it is mapped: a processor reads it.
    file,     // sendfile from 64 KiB on: a network card reads it in place.
};

// As settings write it.
inline constexpr std::array<std::string_view, 3> kSendWayNames = {"auto", "memory", "file"};

// nullopt: no such way.
constexpr std::optional<SendWay> parse_send_way(std::string_view name) noexcept {
    for (size_t i = 0; i < kSendWayNames.size(); i++)
        if (kSendWayNames[i] == name) return static_cast<SendWay>(i);
    return std::nullopt;
}

}  // namespace inlay
