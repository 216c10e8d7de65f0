// A file of reserved blocks.
#include "store/ballast.hpp"

#include "base/limits.hpp"
#include "os/file.hpp"

namespace inlay::store {
namespace {

const std::string kName = "ballast";

}  // namespace

Result<Ballast> Ballast::create(const std::string& directory) {
    INLAY_TRY(auto fd, os::open_directory(directory));
    return Ballast(std::move(fd));
}

void Ballast::take_on() {
    if (held_) return;
    auto file = os::create_file(directory_.get(), kName);
    held_ = file.ok() && os::reserve(file->get(), kBallastBytes).ok();
    if (!held_) (void)os::unlink(directory_.get(), kName);
}

bool Ballast::throw_off() {
    auto held = os::open_if_present(directory_.get(), kName);
    if (!held.ok() || !*held) return false;
    held->reset();
    held_ = false;
    return os::unlink(directory_.get(), kName).ok();
}

}  // namespace inlay::store
