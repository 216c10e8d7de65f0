// Loads compiled modules.
#include "engine/program.hpp"

#include "engine/engine_parts.hpp"

namespace inlay::engine {
namespace {

bool exports(const wasmtime_module_t* module, std::string_view wanted) {
    wasm_exporttype_vec_t list;
    wasmtime_module_exports(module, &list);
    bool found = false;
    for (size_t i = 0; i < list.size; i++) {
        const wasm_name_t* name = wasm_exporttype_name(list.data[i]);
        found = found || std::string_view(name->data, name->size) == wanted;
    }
    wasm_exporttype_vec_delete(&list);
    return found;
}

}  // namespace

Program::Program(const Engine& engine, std::unique_ptr<Parts> parts) : engine_(engine), parts_(std::move(parts)) {}
Program::~Program() = default;

bool Program::is_command() const { return parts_->is_command; }

bool Program::imports(std::string_view wanted) const {
    wasm_importtype_vec_t list;
    wasmtime_module_imports(parts_->module.get(), &list);
    bool found = false;
    for (size_t i = 0; i < list.size; i++) {
        const wasm_name_t* name = wasm_importtype_name(list.data[i]);
        found = found || std::string_view(name->data, name->size) == wanted;
    }
    wasm_importtype_vec_delete(&list);
    return found;
}

Result<std::shared_ptr<const Program>> Program::load(const Engine& engine, std::span<const uint8_t> compiled) {
    auto parts = std::make_unique<Parts>();
    wasmtime_module_t* module = nullptr;
    ErrorHandle error(
        wasmtime_module_deserialize(engine.parts().engine.get(), compiled.data(), compiled.size(), &module));
    if (error) return Error{Errc::corrupt, "compiled module: " + message_of(error)};
    parts->module.reset(module);
    wasmtime_instance_pre_t* pre = nullptr;
    error.reset(wasmtime_linker_instantiate_pre(engine.parts().linker.get(), module, &pre));
    if (error) return Error{Errc::corrupt, "link module: " + message_of(error)};
    parts->pre.reset(pre);
    if (const auto& linker = engine.parts().fiber_linker) {
        error.reset(wasmtime_linker_instantiate_pre(linker.get(), module, &pre));
        if (error) return Error{Errc::corrupt, "link module: " + message_of(error)};
        parts->fiber_pre.reset(pre);
    }
    parts->is_command = !exports(module, kHandleExport);
    parts->has_initialize = !parts->is_command && exports(module, "_initialize");
    if (parts->is_command) parts->handle = NamedExport(kCommandExport);
    return std::shared_ptr<const Program>(new Program(engine, std::move(parts)));
}

}  // namespace inlay::engine
