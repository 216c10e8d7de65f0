// The functions that a guest may import from "inlay", as abi/inlay.h declares them; with those of WASI (wasi.hpp) they are all there are.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>

#include "../../abi/inlay.h"
#include "engine/host_function.hpp"
#include "run/invocation.hpp"

namespace inlay::run {

// All of them, for Engine::create_for_worker and create_for_compiler. Valid for ever.
std::span<const engine::HostFunction> host_functions();

using engine::GuestLen;
using engine::GuestPtr;

// By subject; each implements the function of its name in abi/inlay.h and returns its value or INLAY_E_*.
namespace host {

int32_t request(Invocation& invocation, uint32_t part, GuestPtr name, GuestLen name_length, GuestPtr buffer, GuestLen capacity) noexcept;

int32_t body(Invocation& invocation, GuestPtr out) noexcept;
int32_t call_input(Invocation& invocation, uint32_t index, GuestPtr out) noexcept;
int32_t open(Invocation& invocation, GuestPtr name, GuestLen name_length, GuestPtr out) noexcept;
int32_t fd_source(Invocation& invocation, uint32_t fd, GuestPtr out) noexcept;
int32_t map(Invocation& invocation, uint32_t source, uint64_t offset, uint64_t length, uint32_t flags, GuestPtr out) noexcept;
int32_t move(Invocation& invocation, uint32_t address, uint64_t offset, uint64_t length, GuestPtr out) noexcept;
int32_t prefetch(Invocation& invocation, uint32_t source, uint64_t offset, uint64_t length) noexcept;
int32_t output(Invocation& invocation, uint64_t length, GuestPtr out) noexcept;
int32_t unmap(Invocation& invocation, uint32_t address) noexcept;
int32_t receive(Invocation& invocation, GuestPtr out) noexcept;
int32_t close(Invocation& invocation, uint32_t source) noexcept;

int32_t call(Invocation& invocation, GuestPtr name, GuestLen name_length, GuestPtr query, GuestLen query_length, GuestPtr ranges,
             uint32_t count, GuestPtr out) noexcept;
int32_t spawn(Invocation& invocation, GuestPtr name, GuestLen name_length, GuestPtr query, GuestLen query_length, GuestPtr ranges,
              uint32_t count) noexcept;
int32_t wait(Invocation& invocation, uint32_t child, GuestPtr out) noexcept;
int32_t wait_any(Invocation& invocation, GuestPtr children, uint32_t count, GuestPtr out) noexcept;

int32_t status(Invocation& invocation, uint32_t status) noexcept;
int32_t header(Invocation& invocation, GuestPtr name, GuestLen name_length, GuestPtr value, GuestLen value_length) noexcept;
int32_t respond(Invocation& invocation, GuestPtr ranges, uint32_t count) noexcept;
int32_t send(Invocation& invocation, GuestPtr ranges, uint32_t count) noexcept;
int32_t publish(Invocation& invocation, GuestPtr name, GuestLen name_length, GuestPtr content_type,
                GuestLen content_type_length, GuestPtr ranges, uint32_t count) noexcept;

int32_t log(Invocation& invocation, uint32_t level, GuestPtr text, GuestLen length) noexcept;
int32_t clock(Invocation& invocation, uint32_t clock, GuestPtr nanoseconds) noexcept;
int32_t random(Invocation& invocation, GuestPtr buffer, GuestLen length) noexcept;
int32_t cost(Invocation& invocation, GuestPtr out) noexcept;

}  // namespace host

// ---- What the implementations share ----

// The guest's bytes as text; nullopt: not inside its memory. Valid until: the end of the host call.
inline std::optional<std::string_view> guest_text(const Invocation& invocation, GuestPtr address, GuestLen length) {
    if (!invocation.memory) return std::nullopt;
    auto bytes = invocation.memory->bytes(address, length);
    if (!bytes) return std::nullopt;
    return std::string_view(reinterpret_cast<const char*>(bytes->data()), bytes->size());
}

// Adds a field to the response, if it is one that a function may set. Gives 0 or INLAY_E_*.
int32_t add_header(Invocation& invocation, std::string_view name, std::string_view value);

// What a guest is told when there are no pages for its output.
inline int32_t code_of_no_output(Invocation& invocation, const Error& error) {
    return error.code == Errc::overloaded ? invocation.meet(error.detail) : INLAY_E_IO;
}

// Whether a structure of the ABI can be written there.
template <class T>
bool fits_guest(const Invocation& invocation, GuestPtr address) {
    return invocation.memory && invocation.memory->bytes(address, GuestLen{sizeof(T)});
}

// Writes one structure of the ABI into the guest. False: not inside its memory.
template <class T>
bool write_guest(const Invocation& invocation, GuestPtr address, const T& value) {
    if (!invocation.memory) return false;
    auto bytes = invocation.memory->bytes(address, GuestLen{sizeof(T)});
    if (!bytes) return false;
    std::memcpy(bytes->data(), &value, sizeof value);  // COPY: a descriptor of the ABI, no content.
    return true;
}

}  // namespace inlay::run
