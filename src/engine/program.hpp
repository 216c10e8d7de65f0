// Program: a compiled module, loaded and linked, ready to be instantiated any number of times.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/result.hpp"
#include "engine/engine.hpp"

namespace inlay::engine {

class Program {
  public:
    // `compiled` comes from compile() of the same compiled_key(); bytes from anywhere else are not safe to load.
    // Errors: corrupt: the engine refuses it; compile again.
    static Result<std::shared_ptr<const Program>> load(const Engine& engine, std::span<const uint8_t> compiled);
    ~Program();

    // Whether its guests can call the host function of that name.
    bool imports(std::string_view name) const;

    // It has no inlay_handle: it is a WASI command, whose _start is called instead.
    bool is_command() const;

    struct Parts;
    const Parts& parts() const { return *parts_; }
    const Engine& engine() const { return engine_; }

  private:
    Program(const Engine& engine, std::unique_ptr<Parts> parts);

    const Engine& engine_;
    std::unique_ptr<Parts> parts_;
};

}  // namespace inlay::engine
