// Asks the engine for a module's types, and compile() for the verdict.
#include "engine/inspect.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/limits.hpp"
#include "engine/compile.hpp"
#include "engine/engine_parts.hpp"

namespace inlay::engine {
namespace {

constexpr std::string_view kBinaryMagic("\0asm", 4);
constexpr std::string_view kComponentVersion("\x0d\0\1\0", 4);
constexpr uint64_t kWasmPageBytes = 64 * KiB;

std::string text_of(const wasm_name_t* name) { return {name->data, name->size}; }

std::string_view name_of(wasm_valkind_t kind) {
    switch (kind) {
        case WASM_I32: return "i32";
        case WASM_I64: return "i64";
        case WASM_F32: return "f32";
        case WASM_F64: return "f64";
        default: return "ref";  // Of v128 the engine's API has no type: it ends the process.
    }
}

std::string list_of(const wasm_valtype_vec_t* types) {
    std::string list;
    for (size_t i = 0; i < types->size; i++) list += fmt::format("{}{}", i ? ", " : "", name_of(wasm_valtype_kind(types->data[i])));
    return fmt::format("({})", list);
}

std::string pages_of(const wasm_memorytype_t* memory) {
    uint64_t most = 0;
    const uint64_t least = wasmtime_memorytype_minimum(memory);
    return wasmtime_memorytype_maximum(memory, &most) ? fmt::format("memory of {} to {} pages", least, most) : fmt::format("memory of {} pages", least);
}

std::string type_text(const wasm_externtype_t* type) {
    if (const auto* function = wasm_externtype_as_functype_const(type))
        return fmt::format("{} -> {}", list_of(wasm_functype_params(function)), list_of(wasm_functype_results(function)));
    if (const auto* memory = wasm_externtype_as_memorytype_const(type)) return pages_of(memory);
    if (const auto* global = wasm_externtype_as_globaltype_const(type))
        return fmt::format("{}global {}", wasm_globaltype_mutability(global) == WASM_VAR ? "mutable " : "", name_of(wasm_valtype_kind(wasm_globaltype_content(global))));
    return wasm_externtype_kind(type) == WASM_EXTERN_TABLE ? "table" : "other";
}

void add_imports(std::span<const HostFunction> host, const wasmtime_module_t* module, ModuleFacts& facts) {
    wasm_importtype_vec_t list;
    wasmtime_module_imports(module, &list);
    for (size_t i = 0; i < list.size; i++) {
        ModuleFacts::Import import{text_of(wasm_importtype_module(list.data[i])), text_of(wasm_importtype_name(list.data[i])), type_text(wasm_importtype_type(list.data[i])), {}};
        const bool is_there = std::any_of(host.begin(), host.end(), [&](const auto& one) { return one.module == import.module && one.name == import.name; });
        if (!is_there) import.remedy = remedy_for_import(import.module, import.name);
        facts.imports.push_back(std::move(import));
    }
    wasm_importtype_vec_delete(&list);
}

void add_exports(const wasmtime_module_t* module, ModuleFacts& facts) {
    wasm_exporttype_vec_t list;
    wasmtime_module_exports(module, &list);
    for (size_t i = 0; i < list.size; i++) {
        const auto* type = wasm_exporttype_type(list.data[i]);
        ModuleFacts::Export made{text_of(wasm_exporttype_name(list.data[i])), type_text(type)};
        const auto* memory = wasm_externtype_as_memorytype_const(type);
        uint64_t most = 0;
        if (memory && made.name == "memory") {
            facts.memory = ModuleFacts::Memory{wasmtime_memorytype_minimum(memory) * kWasmPageBytes, {}};
            if (wasmtime_memorytype_maximum(memory, &most)) facts.memory->maximum_bytes = most * kWasmPageBytes;
        }
        facts.exports.push_back(std::move(made));
    }
    wasm_exporttype_vec_delete(&list);
}

// The module: out of the code that there is already, else compiled for its types alone. False: it is none.
bool load(const Engine& engine, Result<std::string>& compiled, std::string_view bytes, wasmtime_module_t** made) {
    auto data = [](std::string_view text) { return reinterpret_cast<const uint8_t*>(text.data()); };
    if (compiled.ok()) return !ErrorHandle(wasmtime_module_deserialize(engine.parts().engine.get(), data(*compiled), compiled->size(), made));
    CBytes translated;
    if (!bytes.starts_with(kBinaryMagic)) {
        if (ErrorHandle(wasmtime_wat2wasm(bytes.data(), bytes.size(), translated.out()))) return false;
        bytes = {translated.data(), translated.size()};
    }
    return !ErrorHandle(wasmtime_module_new(engine.parts().engine.get(), data(bytes), bytes.size(), made));
}

// A number of a module (WebAssembly 5.2.2), at most 32 bits. False: it is cut, or longer.
bool take_number(std::string_view& rest, uint32_t& number) {
    number = 0;
    for (unsigned shift = 0; shift < 35 && !rest.empty(); shift += 7) {
        const auto byte = static_cast<unsigned char>(rest.front());
        rest.remove_prefix(1);
        number |= static_cast<uint32_t>(byte & 0x7f) << shift;
        if (byte < 0x80) return true;
    }
    return false;
}

bool take_text(std::string_view& rest, std::string_view& text) {
    uint32_t length = 0;
    if (!take_number(rest, length) || length > rest.size()) return false;
    text = rest.substr(0, length);
    rest.remove_prefix(length);
    return true;
}

// Source: tool-conventions, Linking.md, "Target Features Section": a count, then for each a sign and a name.
std::vector<std::string> features_in(std::string_view section) {
    std::vector<std::string> features;
    uint32_t count = 0;
    std::string_view name;
    if (!take_number(section, count)) return features;
    for (uint32_t i = 0; i < count && !section.empty(); i++) {
        const char sign = section.front();
        section.remove_prefix(1);
        if (!take_text(section, name)) break;
        if (sign == '+' || sign == '=') features.emplace_back(name);
    }
    return features;
}

std::vector<std::string> features_of(std::string_view module) {
    constexpr size_t kHeaderBytes = 8;
    auto rest = module.substr(std::min(module.size(), kHeaderBytes));
    while (!rest.empty()) {
        const char id = rest.front();
        rest.remove_prefix(1);
        std::string_view section, name;
        if (!take_text(rest, section)) break;
        if (id == 0 && take_text(section, name) && name == "target_features") return features_in(section);
    }
    return {};
}

std::string kind_of(const ModuleFacts& facts) {
    auto exports = [&](std::string_view name) { return std::any_of(facts.exports.begin(), facts.exports.end(), [&](const auto& one) { return one.name == name; }); };
    auto imports = [&](std::string_view module, std::string_view name) {
        return std::any_of(facts.imports.begin(), facts.imports.end(), [&](const auto& one) { return one.module == module && (name.empty() || one.name == name); });
    };
    if (exports("inlay_handle")) return imports("inlay", "receive") || imports("inlay", "send") ? "stream function" : "function";
    if (exports("_start")) return "WASI command";
    return exports("_initialize") && imports("wasi_snapshot_preview1", "") ? "WASI reactor" : "module";
}

}  // namespace

std::string remedy_for_import(std::string_view module, std::string_view name) {
    if (module == "inlay") return "this host does not have it: it is of a newer one, or misspelt; see abi/inlay.h";
    if (module == "wasi_snapshot_preview1") return "WASI preview 1 has no such function";
    if (module == "wasi") return "threads of wasi-threads: build without them";
    if (module.starts_with("wasi_")) return "it is of another WASI: build for preview 1, which imports from \"wasi_snapshot_preview1\"";
    if (module == "env" && name == "__linear_memory") return "this is an object file, which clang -c makes: link it";
    if (module == "env" && name == "memory") return "the memory is imported: link without --import-memory";
    if (module == "env" && name == "abort") return "AssemblyScript's abort: build with --use abort= and a function of your own";
    if (module == "env") return "a symbol that nothing defines: link what defines it, without --allow-undefined";
    if (module.starts_with("__wbindgen") || module == "wbg") return "wasm-bindgen's glue: build a cdylib without it";
    if (module == "go" || module == "gojs") return "Go's JavaScript glue: build with GOOS=wasip1 -buildmode=c-shared";
    return "a function may import what abi/inlay.h declares, from \"inlay\", and WASI preview 1";
}

Result<ModuleFacts> inspect(const Engine& engine, std::span<const HostFunction> host, std::span<const uint8_t> module, uint64_t memory_bytes_max) {
    ModuleFacts facts;
    facts.kind = "module";
    facts.bytes = module.size();
    auto compiled = compile(engine, module, memory_bytes_max);
    if (!compiled.ok()) facts.refusal = compiled.error().detail;
    auto bytes = std::string_view(reinterpret_cast<const char*>(module.data()), module.size());
    facts.is_text = !bytes.starts_with(kBinaryMagic);
    if (!facts.is_text && bytes.substr(4).starts_with(kComponentVersion)) {
        facts.kind = "component";
        facts.refusal = "this is a component: deploy its core module, which `jco` or `wasm-tools component unbundle` takes out, if it exports inlay_handle";
        return facts;
    }
    if (!facts.is_text) facts.features = features_of(bytes);
    wasmtime_module_t* made = nullptr;
    if (!load(engine, compiled, bytes, &made)) return facts;
    ModuleHandle held(made);
    add_imports(host, held.get(), facts);
    add_exports(held.get(), facts);
    facts.kind = kind_of(facts);
    return facts;
}

}  // namespace inlay::engine
