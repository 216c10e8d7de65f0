// Creates and maps the shared memory.
#include "registry/shared_state.hpp"

#include "os/memfd.hpp"

namespace inlay::registry {

Result<os::Fd> SharedMemory::create_file() {
    INLAY_TRY(auto fd, os::create_memfd("inlay-shared", sizeof(SharedState)));
    INLAY_TRY_VOID(os::seal_size(fd.get()));
    return fd;
}

Result<SharedMemory> SharedMemory::open(int fd) {
    INLAY_TRY(auto mapping, os::Mapping::create(fd, 0, sizeof(SharedState), os::Access::read_write, os::Sharing::shared));
    return SharedMemory(std::move(mapping));
}

void publish_change(SharedState& state, uint64_t name_hash) noexcept {
    uint64_t next = state.generation.load(std::memory_order_relaxed);
    state.changed[next % kChangeRingEntries].store(name_hash, std::memory_order_relaxed);
    state.generation.store(next + 1, std::memory_order_release);
}

}  // namespace inlay::registry
