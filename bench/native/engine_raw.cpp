// The engine's C API without anything of ours around it: the reference of engine_ours.
//
//     engine_raw FILE          commands: see engine_steps.hpp
#include <fcntl.h>
#include <sys/mman.h>
#include <wasmtime.h>

#include <utility>
#include <vector>

#include "engine_steps.hpp"

namespace {

using bench::require;

constexpr uint64_t kWasmPageBytes = 65536;
constexpr uint64_t kSlots = 200;

struct Guest {
    wasm_engine_t* engine = nullptr;
    wasmtime_instance_pre_t* pre = nullptr;
    int fd = -1;
};

wasm_engine_t* make_engine() {
    wasm_config_t* config = wasm_config_new();
    wasmtime_config_memory_reservation_set(config, uint64_t{4} << 30);
    wasmtime_config_memory_guard_size_set(config, 32 << 20);
    wasmtime_config_memory_may_move_set(config, false);
    auto pool = wasmtime_pooling_allocation_config_new();
    wasmtime_pooling_allocation_config_total_core_instances_set(pool, kSlots);
    wasmtime_pooling_allocation_config_total_memories_set(pool, kSlots);
    wasmtime_pooling_allocation_config_total_tables_set(pool, kSlots);
    wasmtime_pooling_allocation_config_max_memory_size_set(pool, uint64_t{4} << 30);
    wasmtime_pooling_allocation_config_linear_memory_keep_resident_set(pool, 0);
    wasmtime_pooling_allocation_strategy_set(config, pool);
    wasmtime_pooling_allocation_config_delete(pool);
    wasm_engine_t* engine = wasm_engine_new_with_config(config);
    require(engine, "engine");
    return engine;
}

wasmtime_instance_pre_t* link(wasm_engine_t* engine) {
    wasm_byte_vec_t binary;
    require(!wasmtime_wat2wasm(bench::kIdleGuest, std::strlen(bench::kIdleGuest), &binary), "text");
    wasmtime_module_t* module = nullptr;
    auto bytes = reinterpret_cast<const uint8_t*>(binary.data);
    require(!wasmtime_module_new(engine, bytes, binary.size, &module), "compile");
    wasm_byte_vec_delete(&binary);
    wasmtime_instance_pre_t* pre = nullptr;
    require(!wasmtime_linker_instantiate_pre(wasmtime_linker_new(engine), module, &pre), "link");
    return pre;
}

class Running {
  public:
    explicit Running(const Guest& guest)
        : store_(wasmtime_store_new(guest.engine, nullptr, nullptr)), context_(wasmtime_store_context(store_)), fd_(guest.fd) {
        wasm_trap_t* trap = nullptr;
        require(!wasmtime_instance_pre_instantiate(guest.pre, context_, &instance_, &trap) && !trap, "instantiate");
        memory_ = export_of("memory").of.memory;
    }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
    ~Running() {
        restore();
        wasmtime_store_delete(store_);
    }

    void call() {
        auto entry = export_of("inlay_handle").of.func;
        wasmtime_val_raw_t values[1] = {};
        wasm_trap_t* trap = nullptr;
        require(!wasmtime_func_call_unchecked(context_, &entry, values, 1, &trap) && !trap, "call");
    }
    void place(uint64_t bytes) {
        uint64_t before = 0;
        uint64_t pages = (bytes + kWasmPageBytes - 1) / kWasmPageBytes;
        require(!wasmtime_memory_grow(context_, &memory_, pages, &before), "grow");
        uint8_t* at = wasmtime_memory_data(context_, &memory_) + before * kWasmPageBytes;
        void* mapped = mmap(at, bytes, PROT_READ, MAP_PRIVATE | MAP_NORESERVE | MAP_FIXED, fd_, 0);
        require(mapped != MAP_FAILED, "map");
        windows_.emplace_back(at, bytes);
    }
    void restore() {
        for (auto [at, bytes] : windows_) {
            int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED;
            require(mmap(at, bytes, PROT_READ | PROT_WRITE, flags, -1, 0) != MAP_FAILED, "restore");
        }
        windows_.clear();
    }

  private:
    wasmtime_extern_t export_of(const char* name) {
        wasmtime_extern_t item;
        require(wasmtime_instance_export_get(context_, &instance_, name, std::strlen(name), &item), name);
        return item;
    }

    wasmtime_store_t* store_;
    wasmtime_context_t* context_;
    wasmtime_instance_t instance_{};
    wasmtime_memory_t memory_{};
    int fd_;
    std::vector<std::pair<uint8_t*, uint64_t>> windows_;
};

}  // namespace

int main(int argc, char** argv) {
    require(argc == 2, "usage: engine_raw FILE");
    Guest guest;
    guest.engine = make_engine();
    guest.pre = link(guest.engine);
    guest.fd = open(argv[1], O_RDONLY | O_CLOEXEC);
    require(guest.fd >= 0, argv[1]);
    bench::serve_engine_steps<Running>(guest);
}
