// NamedExport: an export of a module, looked up by its name once and by its index from then on.
#pragma once

#include <string_view>

#include "engine/c_handle.hpp"

// What the engine's crate adds to the C API (engine/lib.rs).
extern "C" {
struct inlay_module_export;
// nullptr: the instance's module has no export of that name.
inlay_module_export* inlay_module_export_new(wasmtime_context_t* context, const wasmtime_instance_t* instance, const char* name,
                                             size_t length);
void inlay_module_export_delete(inlay_module_export* found);
// False: it is of another module.
bool inlay_module_export_get(wasmtime_context_t* context, const wasmtime_instance_t* instance, const inlay_module_export* which,
                             wasmtime_extern_t* item);
}

namespace inlay::engine {

// Of one module; one thread.
class NamedExport {
  public:
    // `name` outlives this.
    explicit NamedExport(std::string_view name) : name_(name) {}

    // The export of one instance of that module. False: the module has none of that name.
    bool get(wasmtime_context_t* context, const wasmtime_instance_t& instance, wasmtime_extern_t& item) const {
        if (!found_) found_.reset(inlay_module_export_new(context, &instance, name_.data(), name_.size()));
        return found_ && inlay_module_export_get(context, &instance, found_.get(), &item);
    }

  private:
    std::string_view name_;
    mutable CHandle<inlay_module_export, inlay_module_export_delete> found_;
};

}  // namespace inlay::engine
