// Configures the engine and gives it the host functions.
#include "engine/engine.hpp"

#include <fmt/format.h>

#include <cstdlib>

#include "base/limits.hpp"
#include "engine/engine_parts.hpp"
#include "engine/code_cache.hpp"
#include "engine/watchdog.hpp"
#include "os/fault_guard.hpp"
#include "os/processor.hpp"

// What the engine's crate adds to the C API (engine/lib.rs).
extern "C" void inlay_config_dense_image(wasm_config_t* config, uint64_t bytes);

namespace inlay::engine {
namespace {

constexpr uint64_t kReservationBytes = 4 * GiB;
constexpr uint64_t kGuardBytes = 32 * MiB;
constexpr size_t kTableResetBytes = 16 * KiB;
constexpr size_t kHostStackBytes = 512 * KiB;  // On a fiber, what host functions have beyond the guest's part of its stack.
// Raised whenever configure() changes what compiled code may assume.
constexpr int kSettingsVersion = 2;

static_assert(sizeof(RawValue) == sizeof(wasmtime_val_raw_t) && alignof(RawValue) >= alignof(wasmtime_val_raw_t));

// Engine rule 6. Everything that matters is set, also where it is today's default; reference types have no setter in an engine
// built without GC and are on.
wasm_config_t* configure(Checks checks) {
    // Source lines in traps: where reading a hostile module's DWARF holds up nobody, which is where code without checks runs.
    ::setenv("WASMTIME_BACKTRACE_DETAILS", checks == Checks::none ? "1" : "0", 1);
    wasm_config_t* config = wasm_config_new();
    wasmtime_config_strategy_set(config, WASMTIME_STRATEGY_CRANELIFT);
    wasmtime_config_cranelift_opt_level_set(config, WASMTIME_OPT_LEVEL_SPEED);
    wasmtime_config_cranelift_debug_verifier_set(config, false);
    wasmtime_config_debug_info_set(config, false);
    wasmtime_config_native_unwind_info_set(config, false);
    wasmtime_config_consume_fuel_set(config, false);
    wasmtime_config_epoch_interruption_set(config, checks == Checks::epoch);
    wasmtime_config_signals_based_traps_set(config, true);
    wasmtime_config_max_wasm_stack_set(config, kWasmStackBytes);
    wasmtime_config_async_stack_size_set(config, kWasmStackBytes + kHostStackBytes);
    wasmtime_config_memory_may_move_set(config, false);
    wasmtime_config_memory_reservation_set(config, kReservationBytes);
    wasmtime_config_memory_reservation_for_growth_set(config, 0);
    wasmtime_config_memory_guard_size_set(config, kGuardBytes);
    wasmtime_config_memory_init_cow_set(config, true);
    inlay_config_dense_image(config, kDenseImageBytesMax);
    wasmtime_config_wasm_bulk_memory_set(config, true);
    wasmtime_config_wasm_multi_value_set(config, true);
    wasmtime_config_wasm_simd_set(config, true);
    wasmtime_config_wasm_relaxed_simd_set(config, true);
    wasmtime_config_wasm_relaxed_simd_deterministic_set(config, false);
    wasmtime_config_wasm_tail_call_set(config, true);
    wasmtime_config_wasm_multi_memory_set(config, false);
    wasmtime_config_wasm_memory64_set(config, false);
    wasmtime_config_wasm_custom_page_sizes_set(config, false);
    wasmtime_config_shared_memory_set(config, false);
    return config;
}

void configure_pool(wasm_config_t* config, uint32_t slots) {
    auto pool = wasmtime_pooling_allocation_config_new();
    wasmtime_pooling_allocation_config_total_core_instances_set(pool, slots);
    wasmtime_pooling_allocation_config_total_memories_set(pool, slots);
    // Each is protected by a system call of its own when the engine is made: a thousand by default.
    wasmtime_pooling_allocation_config_total_stacks_set(pool, slots);
    wasmtime_pooling_allocation_config_total_tables_set(pool, slots * kTablesPerModuleMax);
    wasmtime_pooling_allocation_config_max_unused_warm_slots_set(pool, slots);
    wasmtime_pooling_allocation_config_max_memories_per_module_set(pool, 1);
    wasmtime_pooling_allocation_config_max_tables_per_module_set(pool, kTablesPerModuleMax);
    wasmtime_pooling_allocation_config_max_memory_size_set(pool, kReservationBytes);
    wasmtime_pooling_allocation_config_table_elements_set(pool, kTableElementsMax);
    wasmtime_pooling_allocation_config_max_core_instance_size_set(pool, kInstanceBytesMax);
    // What one guest wrote must be gone before the next one comes: no memory kept resident, no reset put off.
    wasmtime_pooling_allocation_config_linear_memory_keep_resident_set(pool, 0);
    // Tables hold no bytes of guests and no windows: overwritten with nulls instead of given back, a system call less.
    wasmtime_pooling_allocation_config_table_keep_resident_set(pool, kTableResetBytes);
    wasmtime_pooling_allocation_config_decommit_batch_size_set(pool, 1);
    wasmtime_pooling_allocation_strategy_set(config, pool);
    wasmtime_pooling_allocation_config_delete(pool);
}

FuncTypeHandle type_of(const HostFunction& function) {
    wasm_valtype_t* parameters[kHostParametersMax];
    for (size_t i = 0; i < function.parameters; i++)
        parameters[i] = function.is_i64[i] ? wasm_valtype_new_i64() : wasm_valtype_new_i32();
    wasm_valtype_t* results[1] = {};
    if (function.has_result) results[0] = wasm_valtype_new_i32();
    wasm_valtype_vec_t parameter_list, result_list;
    wasm_valtype_vec_new(&parameter_list, function.parameters, parameters);
    wasm_valtype_vec_new(&result_list, function.has_result ? 1 : 0, results);
    return FuncTypeHandle(wasm_functype_new(&parameter_list, &result_list));
}

wasm_trap_t* enter_host(void* environment, wasmtime_caller_t* caller, wasmtime_val_raw_t* values, size_t) noexcept {
    if (Watchdog::is_over()) return wasmtime_trap_new(kOverMessage.data(), kOverMessage.size());
    auto function = static_cast<const HostFunction*>(environment);
    void* state = wasmtime_context_get_data(wasmtime_caller_context(caller));
    int32_t result = function->call(state, reinterpret_cast<const RawValue*>(values));
    if (result == kStopGuest) return wasmtime_trap_new(kStopMessage.data(), kStopMessage.size());
    if (function->has_result) values[0].i32 = result;
    return nullptr;
}

wasm_trap_t* refuse_at_start(void* environment, wasmtime_caller_t*, wasmtime_val_raw_t*, size_t) noexcept {
    auto function = static_cast<const HostFunction*>(environment);
    auto message = fmt::format("{} of {:?} cannot be called while the module is initialised at deploy: there is no request yet", function->name, function->module);
    return wasmtime_trap_new(message.data(), message.size());
}

Result<> define(wasmtime_linker_t* linker, const HostFunction& function, wasmtime_func_unchecked_callback_t enter = enter_host) {
    auto type = type_of(function);
    ErrorHandle error(wasmtime_linker_define_func_unchecked(linker, function.module.data(), function.module.size(), function.name.data(), function.name.size(),
                                                            type.get(), enter, const_cast<HostFunction*>(&function),
                                                            nullptr));
    if (error) return Error{Errc::internal, "define host function: " + message_of(error)};
    return {};
}

}  // namespace

Engine::Engine(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Engine::~Engine() = default;
os::MappingBudget& Engine::mappings() const { return parts_->mappings; }
os::KeptViews* Engine::views() const { return parts_->views ? &*parts_->views : nullptr; }

namespace {

constexpr uint32_t kLaneSlots = kCallDepthMax + 1;
constexpr uint32_t kCompilerSlots = 1;

Result<std::unique_ptr<Engine::Parts>> create_parts(wasm_config_t* config, std::span<const HostFunction> host) {
    auto parts = std::make_unique<Engine::Parts>();
    parts->host = host;
    parts->engine.reset(wasm_engine_new_with_config(config));
    if (!parts->engine) return Error{Errc::internal, "the engine refuses its settings"};
    parts->linker.reset(wasmtime_linker_new(parts->engine.get()));
    for (const auto& function : host) INLAY_TRY_VOID(define(parts->linker.get(), function));
    return parts;
}

// One function that waits makes every store that is linked with it a fiber's (engine rule 7): two linkers. On a fiber all may wait: for
// the next slice, when this one is over.
Result<> add_fiber_linker(Engine::Parts& parts, std::span<const HostFunction> host) {
    parts.fiber_linker.reset(wasmtime_linker_new(parts.engine.get()));
    for (const auto& function : host) INLAY_TRY_VOID(define_waiting(parts.fiber_linker.get(), function, type_of(function).get()));
    return {};
}

// With the fault guard's two halves around the engine's own handler.
Result<std::unique_ptr<Engine::Parts>> create_guarded(std::span<const HostFunction> host, Checks checks, uint32_t slots) {
    INLAY_TRY_VOID(os::FaultGuard::install_behind_engine());
    wasm_config_t* config = configure(checks);
    wasmtime_config_parallel_compilation_set(config, false);
    configure_pool(config, slots);
    INLAY_TRY(auto parts, create_parts(config, host));
    INLAY_TRY_VOID(os::FaultGuard::install_before_engine());
    return parts;
}

wasm_config_t* configure_compiler(Checks checks, CodeCache* cache) {
    wasm_config_t* config = configure(checks);
    wasmtime_config_parallel_compilation_set(config, true);
    configure_pool(config, kCompilerSlots);
    if (cache) cache->join(config);
    return config;
}

}  // namespace

Result<std::unique_ptr<Engine>> Engine::create_for_worker(std::span<const HostFunction> host, size_t slots) {
    INLAY_TRY(auto parts, create_guarded(host, Checks::epoch, static_cast<uint32_t>(slots)));
    INLAY_TRY_VOID(add_fiber_linker(*parts, host));
    return std::unique_ptr<Engine>(new Engine(std::move(parts)));
}

Result<std::unique_ptr<Engine>> Engine::create_for_lane(std::span<const HostFunction> host, Checks checks) {
    INLAY_TRY(auto parts, create_guarded(host, checks, kLaneSlots));
    parts->views.emplace();
    return std::unique_ptr<Engine>(new Engine(std::move(parts)));
}

Result<std::unique_ptr<Engine>> Engine::create_for_compiler(std::span<const HostFunction> host, Checks checks, CodeCache* cache) {
    // Never instantiates, but refuses what no worker's pool could take.
    wasm_config_t* config = configure_compiler(checks, cache);
    INLAY_TRY(auto parts, create_parts(config, host));
    return std::unique_ptr<Engine>(new Engine(std::move(parts)));
}

Result<std::unique_ptr<Engine>> Engine::create_for_start(std::span<const HostFunction> host, CodeCache* cache) {
    wasm_config_t* config = configure_compiler(Checks::none, cache);
    INLAY_TRY(auto parts, create_parts(config, {}));
    parts->host = host;
    for (const auto& function : host) INLAY_TRY_VOID(define(parts->linker.get(), function, function.is_for_start ? enter_host : refuse_at_start));
    return std::unique_ptr<Engine>(new Engine(std::move(parts)));
}

std::string Engine::compiled_key(Checks checks) {
    return fmt::format("wasmtime-{}-s{}-{}{}", WASMTIME_VERSION, kSettingsVersion, os::processor_features_digest(),
                       checks == Checks::none ? "-unchecked" : "");
}

void Engine::interrupt() noexcept { wasmtime_engine_increment_epoch(parts_->engine.get()); }

}  // namespace inlay::engine
