// Inlay's engine layer alone: what an instance costs, and a window in its memory. Reference: engine_raw.
//
//     engine_ours FILE          commands: see engine_steps.hpp
#include <fcntl.h>

#include <memory>

#include "base/limits.hpp"
#include "engine/compile.hpp"
#include "engine/instance.hpp"
#include "engine_steps.hpp"

namespace {

using namespace inlay;
using bench::require;

struct Guest {
    std::shared_ptr<const engine::Program> program;
    int fd = -1;
};

class Running {
  public:
    explicit Running(const Guest& guest) : instance_(*guest.program, kMemoryBytesDefault, nullptr), fd_(guest.fd) {
        auto started = instance_.start();
        require(started.ok() && !started->has_value(), "start");
    }
    void call() {
        auto result = instance_.call_handle();
        require(std::holds_alternative<int32_t>(result), "call");
    }
    void place(uint64_t bytes) {
        auto placed = instance_.memory().place({fd_, 0, bytes}, os::Access::read, os::Sharing::private_);
        require(placed.window.has_value(), "place");
    }
    void restore() { instance_.memory().restore(); }

  private:
    engine::Instance instance_;
    int fd_;
};

}  // namespace

int main(int argc, char** argv) {
    require(argc == 2, "usage: engine_ours FILE");
    auto made = engine::Engine::create_for_worker({});
    require(made.ok(), "engine");
    auto text = reinterpret_cast<const uint8_t*>(bench::kIdleGuest);
    auto compiled = engine::compile(**made, {text, std::strlen(bench::kIdleGuest)}, kMemoryBytesDefault);
    require(compiled.ok(), "compile");
    auto loaded =
        engine::Program::load(**made, {reinterpret_cast<const uint8_t*>(compiled->data()), compiled->size()});
    require(loaded.ok(), "load");
    Guest guest{*loaded, open(argv[1], O_RDONLY | O_CLOEXEC)};
    require(guest.fd >= 0, argv[1]);
    bench::serve_engine_steps<Running>(guest);
}
