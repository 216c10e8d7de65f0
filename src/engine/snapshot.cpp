// Calls the tool by the engine's crate.
#include "engine/snapshot.hpp"

#include "engine/c_handle.hpp"

// What the engine's crate adds to the C API (engine/lib.rs).
extern "C" {
wasmtime_error_t* inlay_snapshot_prepare(const char* module, size_t module_length, const char* entry, size_t entry_length, wasm_byte_vec_t* out);
wasmtime_error_t* inlay_snapshot_take(const char* module, size_t module_length, const char* entry, size_t entry_length, wasmtime_context_t* context,
                                      const wasmtime_instance_t* instance, wasm_byte_vec_t* out);
}

namespace inlay::engine {
namespace {

Result<std::string> text_or_refusal(ErrorHandle error, const CBytes& made) {
    if (error) return Error{Errc::bad_module, "no snapshot can be made of this module, deploy it without --warm: " + message_of(error)};
    return made.text();
}

}  // namespace

Result<std::string> prepare_snapshot(std::string_view module) {
    CBytes made;
    ErrorHandle error(inlay_snapshot_prepare(module.data(), module.size(), kWarmExport.data(), kWarmExport.size(), made.out()));
    return text_or_refusal(std::move(error), made);
}

Result<std::string> take_snapshot(std::string_view module, Instance& instance) {
    CBytes made;
    auto [context, of] = instance.whole();
    ErrorHandle error(inlay_snapshot_take(module.data(), module.size(), kWarmExport.data(), kWarmExport.size(), context, of, made.out()));
    return text_or_refusal(std::move(error), made);
}

}  // namespace inlay::engine
