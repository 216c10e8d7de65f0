// For tests: the engines of one test program, and programs made from the text form of guests.
#pragma once

#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "base/check.hpp"
#include "base/limits.hpp"
#include "engine/compile.hpp"
#include "engine/engine.hpp"
#include "engine/program.hpp"
#include "engine/watchdog.hpp"

namespace inlay::engine {

inline std::span<const uint8_t> bytes_of(std::string_view text) {
    return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// A guest whose inlay_handle is `body`, with one Wasm page of memory. `before` stands before it: imports, data, functions.
inline std::string guest(std::string_view body, std::string_view before = "") {
    return "(module " + std::string(before) + " (memory (export \"memory\") 1) (func (export \"inlay_handle\") (result i32) " +
           std::string(body) + "))";
}

// One per process, because the worker's engine is. Modules are compiled by the compiler's engine, as a deploy does it.
class Workshop {
  public:
    explicit Workshop(std::span<const HostFunction> host)
        : worker_(Engine::create_for_worker(host).value()), compiler_(Engine::create_for_compiler(host).value()) {
        INLAY_CHECK(Watchdog::start(*worker_).ok());
    }

    Engine& worker() { return *worker_; }

    Result<std::string> compile(std::string_view module, uint64_t memory_bytes_max = kMemoryBytesDefault) {
        return engine::compile(*compiler_, bytes_of(module), memory_bytes_max);
    }
    std::shared_ptr<const Program> program(std::string_view module) {
        auto compiled = compile(module);
        if (!compiled.ok()) throw std::runtime_error(compiled.error().detail);
        return Program::load(*worker_, bytes_of(*compiled)).value();
    }

  private:
    std::unique_ptr<Engine> worker_;
    std::unique_ptr<Engine> compiler_;
};

}  // namespace inlay::engine
