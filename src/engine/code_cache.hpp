// CodeCache: machine code of single functions of a module, kept from one compilation for the next one of nearly the same module.
//
//     CodeCache cache(kept);   Engine::create_for_compiler(host, checks, &cache);   compile(...);   cache.take() -> kept
//
// Who has written `kept` decides what code runs: it must come from where the module itself may come from.
#pragma once

#include <memory>
#include <string>
#include <string_view>

struct wasm_config_t;

namespace inlay::engine {

// At most kKeptCodeBytesMax: the rest is compiled the next time, too. The engine's threads use it at once, behind a lock of its own.
class CodeCache {
  public:
    // `kept`: of take(); from where it is cut off on it is left out.
    explicit CodeCache(std::string_view kept = {});

    // What compilations have used of it, and added to it.
    std::string take() const;

    // Has an engine of this configuration use it. The engine may outlive this.
    void join(wasm_config_t* config);

  private:
    struct Delete {
        void operator()(void* cache) const noexcept;
    };
    std::unique_ptr<void, Delete> cache_;
};

}  // namespace inlay::engine
