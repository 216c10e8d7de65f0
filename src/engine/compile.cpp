// Text or binary to compiled code, with every check that keeps a bad module out of the workers.
#include "engine/compile.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "base/limits.hpp"
#include "engine/engine_parts.hpp"
#include "engine/inspect.hpp"
#include "engine/snapshot.hpp"

namespace inlay::engine {
namespace {

constexpr std::string_view kBinaryMagic("\0asm", 4);
constexpr uint64_t kWasmPageBytes = 64 * KiB;

Error refuse(std::string why) { return Error{Errc::bad_module, std::move(why)}; }

// What the engine says of a feature that functions cannot have, and what to tell the toolchain.
struct RefusedFeature {
    std::string_view words;
    std::string_view remedy;
};
constexpr RefusedFeature kRefusedFeatures[] = {
    {"exceptions proposal not enabled", "the module uses exceptions: build without -fwasm-exceptions, in C++ with -fno-exceptions, in Rust with panic=abort"},
    {"threads support is not enabled", "the module uses atomics: build without -pthread, -matomics or +atomics"},
    {"gc support is not enabled", "the module uses garbage-collected types: build for linear memory"},
    {"gc proposal", "the module uses garbage-collected types: build for linear memory"},
    {"wide arithmetic support is not enabled", "the module uses wide arithmetic: build without -mwide-arithmetic"},
    {"multiple memories", "the module has several memories: build without -mmultimemory, with one of them"},
    {"multi-memory", "the module has several memories: build without -mmultimemory, with one of them"},
    {"custom page sizes", "the memory has pages of another size: build without --page-size"},
};

// The engine's words, and the remedy for what ordinary toolchains can be told not to do.
Error refuse_invalid(const std::string& message) {
    if (message.find("memory64 must be enabled") != message.npos)
        return refuse("the memory is 64-bit: build for wasm32; " + message);
    if (message.find("component passed to") != message.npos || message.find("unknown binary version and encoding combination: 0xd") != message.npos)
        return refuse("the file is a component: deploy its core module; " + message);
    if (message.find("threads must be enabled") != message.npos)
        return refuse("the memory is shared: build without threads; " + message);
    for (const auto& feature : kRefusedFeatures)
        if (message.find(feature.words) != message.npos) return refuse(fmt::format("{}; {}", feature.remedy, message));
    return refuse("the module is not valid: " + message);
}

std::string_view text_of(const wasm_name_t* name) { return {name->data, name->size}; }

// Calls `use(name, type)` for each export.
template <class Use>
void for_each_export(const wasmtime_module_t* module, Use use) {
    wasm_exporttype_vec_t list;
    wasmtime_module_exports(module, &list);
    for (size_t i = 0; i < list.size; i++) use(text_of(wasm_exporttype_name(list.data[i])), wasm_exporttype_type(list.data[i]));
    wasm_exporttype_vec_delete(&list);
}

bool has_type(const wasm_externtype_t* type, size_t parameters, bool returns_i32) {
    const wasm_functype_t* function = wasm_externtype_as_functype_const(type);
    if (!function) return false;
    const wasm_valtype_vec_t* results = wasm_functype_results(function);
    bool results_fit = returns_i32 ? results->size == 1 && wasm_valtype_kind(results->data[0]) == WASM_I32 : results->size == 0;
    return wasm_functype_params(function)->size == parameters && results_fit;
}

Result<> check_memory(const wasm_externtype_t* type, uint64_t memory_bytes_max) {
    const wasm_memorytype_t* memory = type ? wasm_externtype_as_memorytype_const(type) : nullptr;
    if (!memory) return refuse("the module does not export its memory as \"memory\": link with --export-memory");
    uint64_t initial = wasmtime_memorytype_minimum(memory) * kWasmPageBytes;
    if (initial > memory_bytes_max)
        return refuse(fmt::format("the module begins with {} bytes of memory but may use {}: deploy with more memory", initial,
                                  memory_bytes_max));
    uint64_t maximum_pages = 0;
    if (wasmtime_memorytype_maximum(memory, &maximum_pages) && maximum_pages * kWasmPageBytes < initial + kWindowRoomMin)
        return refuse(fmt::format("the memory declares a maximum of {} bytes, which leaves no room for windows: link without "
                                  "--max-memory, or leave {} MiB beyond the initial size",
                                  maximum_pages * kWasmPageBytes, kWindowRoomMin / MiB));
    return {};
}

// Of the first import that the host does not have.
std::string remedy_for_imports(std::span<const HostFunction> host, const wasmtime_module_t* module) {
    std::string remedy = "an import has another type than the host's function: it is of a newer host, or declared wrongly; see abi/inlay.h, or docs/wasi.md for one of WASI";
    wasm_importtype_vec_t list;
    wasmtime_module_imports(module, &list);
    for (size_t i = list.size; i-- > 0;) {
        auto from = text_of(wasm_importtype_module(list.data[i])), name = text_of(wasm_importtype_name(list.data[i]));
        const bool is_there = std::any_of(host.begin(), host.end(), [&](const auto& one) { return one.module == from && one.name == name; });
        if (!is_there) remedy = remedy_for_import(from, name);
    }
    wasm_importtype_vec_delete(&list);
    return remedy;
}

Result<> check_exports(const wasmtime_module_t* module, uint64_t memory_bytes_max) {
    Result<> verdict;
    bool has_entry = false, has_memory = false;
    for_each_export(module, [&](std::string_view name, const wasm_externtype_t* type) {
        if (!verdict.ok()) return;
        if (name == "inlay_handle") {
            has_entry = true;
            if (!has_type(type, 0, true)) verdict = refuse("the export inlay_handle must have the type () -> i32");
        } else if (name == "_start") {
            has_entry = true;
            if (!has_type(type, 0, false)) verdict = refuse("the export _start must have the type () -> ()");
        } else if (name == "_initialize" || name == kWarmExport) {
            if (!has_type(type, 0, false)) verdict = refuse(fmt::format("the export {} must have the type () -> ()", name));
        } else if (name == "memory") {
            has_memory = true;
            verdict = check_memory(type, memory_bytes_max);
        }
    });
    if (verdict.ok() && !has_memory) return check_memory(nullptr, memory_bytes_max);
    if (verdict.ok() && !has_entry)
        return refuse("the module has no entry point: export a function inlay_handle of the type () -> i32, or build a WASI command, which exports _start");
    return verdict;
}

}  // namespace

Result<std::string_view> binary_of(std::span<const uint8_t> module, std::string& storage) {
    auto bytes = std::string_view(reinterpret_cast<const char*>(module.data()), module.size());
    if (bytes.starts_with(kBinaryMagic)) return bytes;
    if (bytes.find('\0') != bytes.npos) return refuse("the file is neither a WebAssembly module nor its text form");
    CBytes translated;
    ErrorHandle error(wasmtime_wat2wasm(bytes.data(), bytes.size(), translated.out()));
    if (error) return refuse("not a WebAssembly module, and as text: " + message_of(error));
    storage = translated.text();
    return std::string_view(storage);
}

Result<std::string> compile(const Engine& engine, std::span<const uint8_t> module, uint64_t memory_bytes_max) {
    if (module.size() > kModuleBytesMax)
        return refuse(fmt::format("the module has {} bytes, more than {}", module.size(), kModuleBytesMax));
    std::string translated;
    INLAY_TRY(auto bytes, binary_of(module, translated));
    wasmtime_module_t* made = nullptr;
    ErrorHandle error(wasmtime_module_new(engine.parts().engine.get(), reinterpret_cast<const uint8_t*>(bytes.data()),
                                          bytes.size(), &made));
    if (error) return refuse_invalid(message_of(error));
    ModuleHandle compiled(made);
    INLAY_TRY_VOID(check_exports(compiled.get(), memory_bytes_max));
    wasmtime_instance_pre_t* pre = nullptr;
    error.reset(wasmtime_linker_instantiate_pre(engine.parts().linker.get(), compiled.get(), &pre));
    if (error) return refuse("an import is not known to the host: " + message_of(error) + "; " + remedy_for_imports(engine.parts().host, compiled.get()));
    InstancePreHandle linked(pre);
    CBytes serialized;
    error.reset(wasmtime_module_serialize(compiled.get(), serialized.out()));
    if (error) return Error{Errc::internal, "serialize module: " + message_of(error)};
    return serialized.text();
}

}  // namespace inlay::engine
