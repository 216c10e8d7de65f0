// Host functions: plain C++ functions that a guest may import, with the Wasm signature derived from their C++ types.
//
//     int32_t status(Invocation& invocation, uint32_t code) noexcept;
//     const HostFunction functions[] = {host_function<&status>("status"), ...};   // (i32) -> i32
//
// The first parameter is the state given to the instance; guest integers are uint32_t, uint64_t, GuestPtr or GuestLen.
// Imported from "inlay", unless another module is named afterwards.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

namespace inlay::engine {

// An address in the guest's memory: not a pointer until LinearMemory has checked it.
enum class GuestPtr : uint32_t {};
// A length that a guest claims.
enum class GuestLen : uint32_t {};

inline constexpr size_t kHostParametersMax = 9;

// A host function that returns this ends the guest at once, with a trap of kind TrapKind::stopped. No result of the ABI.
inline constexpr int32_t kStopGuest = INT32_MIN;
// One that waits returns this, on a fiber, when it cannot go on: it is called again, with the same arguments, when the fiber is
// resumed. No result of the ABI either.
inline constexpr int32_t kWaitInHost = INT32_MIN + 1;

// One argument or result as the engine passes it: 16 bytes, the value at the front.
union alignas(16) RawValue {
    uint32_t i32;
    uint64_t i64;
};

struct HostFunction {
    std::string_view module = "inlay";  // From which it is imported.
    std::string_view name;
    std::array<bool, kHostParametersMax> is_i64{};
    size_t parameters = 0;
    bool waits = false;  // It may return kWaitInHost.
    bool has_result = true;  // For the guest: false of what never returns to it.
    bool is_for_start = false;  // A module may call it while it is initialised for a snapshot, when there is no request yet.
    int32_t (*call)(void* state, const RawValue* arguments) noexcept = nullptr;
};

namespace detail {

template <class T>
T argument(const RawValue& value) noexcept {
    if constexpr (sizeof(T) == 8)
        return static_cast<T>(value.i64);
    else
        return static_cast<T>(value.i32);
}

template <auto Function>
struct Bind;

template <class State, class... Arguments, int32_t (*Function)(State&, Arguments...) noexcept>
struct Bind<Function> {
    static constexpr HostFunction make(std::string_view name) {
        static_assert(sizeof...(Arguments) <= kHostParametersMax);
        HostFunction made;
        made.name = name;
        made.is_i64 = {(sizeof(Arguments) == 8)...};
        made.parameters = sizeof...(Arguments);
        made.call = [](void* state, const RawValue* arguments) noexcept {
            return [&]<size_t... I>(std::index_sequence<I...>) {
                return Function(*static_cast<State*>(state), argument<Arguments>(arguments[I])...);
            }(std::index_sequence_for<Arguments...>{});
        };
        return made;
    }
};

}  // namespace detail

template <auto Function>
constexpr HostFunction host_function(std::string_view name) {
    return detail::Bind<Function>::make(name);
}

constexpr HostFunction also_for_start(HostFunction function) {
    function.is_for_start = true;
    return function;
}

template <auto Function>
constexpr HostFunction waiting_host_function(std::string_view name) {
    HostFunction made = host_function<Function>(name);
    made.waits = true;
    return made;
}

}  // namespace inlay::engine
