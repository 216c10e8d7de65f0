// Owning handles for the engine's C objects: the only place that deletes them.
#pragma once

#include <wasmtime.h>

#include <memory>
#include <string>

namespace inlay::engine {

template <auto Delete>
struct CDelete {
    template <class T>
    void operator()(T* object) const noexcept {
        Delete(object);
    }
};

template <class T, auto Delete>
using CHandle = std::unique_ptr<T, CDelete<Delete>>;

using EngineHandle = CHandle<wasm_engine_t, wasm_engine_delete>;
using ModuleHandle = CHandle<wasmtime_module_t, wasmtime_module_delete>;
using LinkerHandle = CHandle<wasmtime_linker_t, wasmtime_linker_delete>;
using InstancePreHandle = CHandle<wasmtime_instance_pre_t, wasmtime_instance_pre_delete>;
using StoreHandle = CHandle<wasmtime_store_t, wasmtime_store_delete>;
using ErrorHandle = CHandle<wasmtime_error_t, wasmtime_error_delete>;
using TrapHandle = CHandle<wasm_trap_t, wasm_trap_delete>;
using FutureHandle = CHandle<wasmtime_call_future_t, wasmtime_call_future_delete>;
using FuncTypeHandle = CHandle<wasm_functype_t, wasm_functype_delete>;

// Bytes that the engine allocated.
class CBytes {
  public:
    CBytes() { wasm_byte_vec_new_empty(&bytes_); }
    CBytes(const CBytes&) = delete;
    CBytes& operator=(const CBytes&) = delete;
    ~CBytes() { wasm_byte_vec_delete(&bytes_); }

    wasm_byte_vec_t* out() { return &bytes_; }
    const char* data() const { return bytes_.data; }
    size_t size() const { return bytes_.size; }
    std::string text() const { return std::string(bytes_.data, bytes_.size); }

  private:
    wasm_byte_vec_t bytes_;
};

inline std::string message_of(const ErrorHandle& error) {
    CBytes text;
    wasmtime_error_message(error.get(), text.out());
    return text.text();
}

inline std::string message_of(const TrapHandle& trap) {
    CBytes text;
    wasm_trap_message(trap.get(), text.out());
    std::string message = text.text();
    while (!message.empty() && message.back() == '\0') message.pop_back();
    return message;
}

}  // namespace inlay::engine
