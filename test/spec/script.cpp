// Runs the commands of a script: the meaning of each is that of the specification's own interpreter.
#include "script.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>

#include "values.hpp"

namespace inlay::spec {
namespace {

using engine::ErrorHandle;
using engine::ModuleHandle;
using engine::TrapHandle;
using nlohmann::json;

// What scripts import of their host, as a guest of the same pool.
constexpr std::string_view kHost = R"((module
    (global (export "global_i32") i32 (i32.const 666))
    (global (export "global_i64") i64 (i64.const 666))
    (global (export "global_f32") f32 (f32.const 666.6))
    (global (export "global_f64") f64 (f64.const 666.6))
    (table (export "table") 10 20 funcref)
    (memory (export "memory") 1 2)
    (func (export "print")) (func (export "print_i32") (param i32)) (func (export "print_i64") (param i64))
    (func (export "print_f32") (param f32)) (func (export "print_f64") (param f64))
    (func (export "print_i32_f32") (param i32 f32)) (func (export "print_f64_f64") (param f64 f64))))";

// Refusals that follow from what our settings leave out: part of a message, and what is skipped for it.
constexpr std::pair<std::string_view, std::string_view> kLeftOut[] = {
    {"gc types are disallowed", "externref: the engine has no garbage collector"},
    {"multiple memories", "more than one memory in a module"},
};

std::optional<std::string> left_out(const std::string& message) {
    for (auto [part, reason] : kLeftOut)
        if (message.find(part) != std::string::npos) return std::string(reason);
    return std::nullopt;
}

std::string content_of(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

// A trap in the specification's words, of which scripts write the beginning.
bool is_called(wasmtime_trap_code_t code, const std::string& text) {
    auto begins = [&](std::string_view words) { return text.starts_with(words); };
    switch (code) {
        case WASMTIME_TRAP_CODE_STACK_OVERFLOW: return begins("call stack exhausted");
        case WASMTIME_TRAP_CODE_MEMORY_OUT_OF_BOUNDS: return begins("out of bounds memory access");
        case WASMTIME_TRAP_CODE_TABLE_OUT_OF_BOUNDS: return begins("undefined element") || begins("out of bounds table access");
        case WASMTIME_TRAP_CODE_INDIRECT_CALL_TO_NULL: return begins("uninitialized element");
        case WASMTIME_TRAP_CODE_BAD_SIGNATURE: return begins("indirect call type mismatch");
        case WASMTIME_TRAP_CODE_INTEGER_OVERFLOW: return begins("integer overflow");
        case WASMTIME_TRAP_CODE_INTEGER_DIVISION_BY_ZERO: return begins("integer divide by zero");
        case WASMTIME_TRAP_CODE_BAD_CONVERSION_TO_INTEGER: return begins("invalid conversion to integer");
        case WASMTIME_TRAP_CODE_UNREACHABLE_CODE_REACHED: return begins("unreachable");
        default: return false;
    }
}

}  // namespace

Script::Script(engine::Engine& engine, std::filesystem::path directory, Tally& tally)
    : engine_(engine), directory_(std::move(directory)), tally_(tally) {
    renew();
}

void Script::run() {
    auto script = json::parse(content_of(directory_ / "script.json"));
    for (const auto& command : script["commands"]) run_command(command);
}

// A fresh store in which nothing is but the host's module.
void Script::renew() {
    auto raw_engine = engine_.parts().engine.get();
    store_.reset(wasmtime_store_new(raw_engine, nullptr, nullptr));
    context_ = wasmtime_store_context(store_.get());
    wasmtime_context_set_epoch_deadline(context_, 1'000'000);
    linker_.reset(wasmtime_linker_new(raw_engine));
    wasmtime_linker_allow_shadowing(linker_.get(), true);

    engine::CBytes binary;
    wasmtime_module_t* module = nullptr;
    wasmtime_instance_t instance;
    wasm_trap_t* trap = nullptr;
    bool is_made = !ErrorHandle(wasmtime_wat2wasm(kHost.data(), kHost.size(), binary.out())) &&
                   !ErrorHandle(wasmtime_module_new(raw_engine, reinterpret_cast<const uint8_t*>(binary.data()), binary.size(), &module)) &&
                   !ErrorHandle(wasmtime_linker_instantiate(linker_.get(), context_, module, &instance, &trap));
    ModuleHandle owned(module);
    if (is_made) define("spectest", instance);
    else fail(json::object({{"line", 0}}), "the host's module cannot be made");
}

void Script::define(const std::string& as, const wasmtime_instance_t& instance) {
    ErrorHandle ignored(wasmtime_linker_define_instance(linker_.get(), context_, as.data(), as.size(), &instance));
}

void Script::fail(const json& command, const std::string& what) {
    tally_.failed.push_back(fmt::format("{}:{}: {}", directory_.string(), command.value("line", 0), what));
}

const Script::Instance* Script::instance_of(const json& named) const {
    if (!named.is_string()) return current_ ? &*current_ : nullptr;
    auto found = named_.find(named);
    return found == named_.end() ? nullptr : &found->second;
}

Script::Compiled Script::compile(const json& file) {
    std::string bytes = content_of(directory_ / file["filename"].get<std::string>());
    engine::CBytes binary;
    if (file["module_type"] == "text") {
        if (ErrorHandle error{wasmtime_wat2wasm(bytes.data(), bytes.size(), binary.out())}) return Refused{message_of(error)};
        bytes = binary.text();
    }
    wasmtime_module_t* module = nullptr;
    ErrorHandle error(wasmtime_module_new(engine_.parts().engine.get(), reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(),
                                          &module));
    if (!error) return ModuleHandle(module);
    if (auto reason = left_out(message_of(error))) return Skipped{*reason};
    return Refused{message_of(error)};
}

Script::Ended<Script::Started> Script::instantiate(const json& file) {
    auto compiled = compile(file);
    if (auto skipped = std::get_if<Skipped>(&compiled)) return *skipped;
    if (auto refused = std::get_if<Refused>(&compiled)) return *refused;
    Started started;
    wasm_trap_t* trap = nullptr;
    ErrorHandle error(wasmtime_linker_instantiate(linker_.get(), context_, std::get<ModuleHandle>(compiled).get(), &started.instance,
                                                  &trap));
    if (trap) return TrapHandle(trap);
    if (!error) return started;
    std::string message = message_of(error);
    for (const auto& [name, reason] : lost_)
        if (message.find("`" + name + "::") != std::string::npos) return Skipped{reason};
    return Refused{message};
}

Script::Ended<Script::Results> Script::call(const wasmtime_func_t& function, const json& arguments) {
    engine::FuncTypeHandle type(wasmtime_func_type(context_, &function));
    size_t count = wasm_functype_results(type.get())->size;
    Results values(std::max(count, arguments.size()));
    for (size_t i = 0; i < arguments.size(); i++) {
        auto value = value_of(arguments[i]);
        if (!value) return Skipped{"references that only a host can make"};
        values[i] = *value;
    }
    wasm_trap_t* trap = nullptr;
    ErrorHandle error(wasmtime_func_call_unchecked(context_, &function, values.data(), values.size(), &trap));
    if (trap) return TrapHandle(trap);
    if (error) return Refused{message_of(error)};
    values.resize(count);
    return values;
}

Script::Ended<Script::Results> Script::get(const wasmtime_global_t& global, const json& expected) {
    for (const auto& one : expected)
        if (is_reference(one["type"].get<std::string>())) return Skipped{"globals of references: not in the engine's C interface"};
    wasmtime_val_t value;
    wasmtime_global_get(context_, &global, &value);
    Results results(1);
    std::memcpy(&results[0], &value.of, sizeof(results[0]));
    return results;
}

Script::Ended<Script::Results> Script::act(const json& command) {
    const auto& action = command["action"];
    auto instance = instance_of(action.value("module", json()));
    if (!instance) return Refused{"no such instance"};
    if (auto skipped = std::get_if<Skipped>(instance)) return *skipped;
    const std::string field = action["field"];
    wasmtime_extern_t item;
    if (!wasmtime_instance_export_get(context_, &std::get<wasmtime_instance_t>(*instance), field.data(), field.size(), &item))
        return Refused{"no such export: " + field};
    bool is_call = action["type"] == "invoke";
    if (is_call && item.kind == WASMTIME_EXTERN_FUNC) return call(item.of.func, action["args"]);
    if (!is_call && item.kind == WASMTIME_EXTERN_GLOBAL) return get(item.of.global, command.value("expected", json::array()));
    return Refused{"an export of another kind: " + field};
}

void Script::run_module(const json& command) {
    bool is_named = command.contains("name");
    if (!is_kept_ && !is_named) renew();
    is_kept_ |= is_named;
    auto ended = instantiate(command);
    current_ = Skipped{"after a module that failed"};
    if (auto started = std::get_if<Started>(&ended)) current_ = started->instance;
    else if (auto skipped = std::get_if<Skipped>(&ended)) current_ = *skipped;
    else if (auto refused = std::get_if<Refused>(&ended)) fail(command, "the module is refused: " + refused->message);
    else fail(command, "the module traps");
    if (is_named) named_[command["name"]] = *current_;
}

void Script::run_command(const json& command) {
    const std::string type = command["type"];
    if (type == "module") return run_module(command);
    if (type == "register") {
        auto instance = instance_of(command.value("name", json()));
        is_kept_ = true;
        if (!instance) return fail(command, "nothing to register");
        if (auto skipped = std::get_if<Skipped>(instance)) lost_[command["as"]] = skipped->reason;
        else define(command["as"], std::get<wasmtime_instance_t>(*instance));
        return;
    }
    if (type == "action") {
        auto ended = act(command);
        if (!std::holds_alternative<Results>(ended) && !std::holds_alternative<Skipped>(ended)) fail(command, "the action fails");
        return;
    }
    run_assertion(type, command);
}

void Script::run_assertion(const std::string& type, const json& command) {
    if (type == "assert_malformed" || type == "assert_invalid") return expect_refusal(command, false);
    if (type == "assert_unlinkable") return expect_refusal(command, true);
    if (type == "assert_uninstantiable") return expect_trap(command, instantiate(command));
    if (type == "assert_trap" || type == "assert_exhaustion") return expect_trap(command, act(command));
    if (type != "assert_return") return fail(command, "unknown command: " + type);
    auto ended = act(command);
    if (auto skipped = std::get_if<Skipped>(&ended)) return skip(skipped->reason);
    if (auto refused = std::get_if<Refused>(&ended)) return fail(command, refused->message);
    if (auto trap = std::get_if<TrapHandle>(&ended)) return fail(command, "traps: " + message_of(*trap));
    const auto& results = std::get<Results>(ended);
    const auto& expected = command["expected"];
    if (results.size() != expected.size()) return fail(command, "another number of results");
    for (size_t i = 0; i < results.size(); i++)
        if (!matches(results[i], expected[i])) return fail(command, fmt::format("result {} is not {}", i, expected[i].dump()));
    pass();
}

template <class T>
void Script::expect_trap(const json& command, Ended<T> ended) {
    if (auto skipped = std::get_if<Skipped>(&ended)) return skip(skipped->reason);
    if (auto refused = std::get_if<Refused>(&ended)) return fail(command, refused->message);
    auto trap = std::get_if<TrapHandle>(&ended);
    if (!trap) return fail(command, "does not trap");
    wasmtime_trap_code_t code;
    if (!wasmtime_trap_code(trap->get(), &code) || !is_called(code, command["text"]))
        return fail(command, fmt::format("traps with \"{}\", not \"{}\"", message_of(*trap), command["text"].get<std::string>()));
    pass();
}

void Script::expect_refusal(const json& command, bool of_linker) {
    auto compiled = compile(command);
    if (auto skipped = std::get_if<Skipped>(&compiled)) return skip(skipped->reason);
    if (std::holds_alternative<Refused>(compiled)) return of_linker ? fail(command, std::get<Refused>(compiled).message) : pass();
    if (!of_linker) return fail(command, "the module is taken");
    auto ended = instantiate(command);
    if (auto skipped = std::get_if<Skipped>(&ended)) return skip(skipped->reason);
    if (!std::holds_alternative<Refused>(ended)) return fail(command, "the module is linked");
    pass();
}

}  // namespace inlay::spec
