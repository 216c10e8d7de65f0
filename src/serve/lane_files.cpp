// Gives a lane's guest what it opens and writes to, and takes it back.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/limits.hpp"
#include "base/names.hpp"
#include "os/memfd.hpp"
#include "serve/lane.hpp"
#include "serve/worker.hpp"

namespace inlay::serve {
using run::LaneMessage;
namespace {

// nullopt: no guest can have asked for this.
std::optional<ObjectName> read_name(WireReader& reader) {
    ObjectName name{std::string(reader.bytes()), std::string(reader.bytes())};
    if (!reader.finished() || !check_name("bucket", name.bucket).ok() || !check_key(name.key).ok()) return std::nullopt;
    return name;
}

}  // namespace

Result<std::shared_ptr<const registry::Object>> Lane::find_object(const run::Request& request, const ObjectName& name) {
    auto known = request.find_opened(name);
    return known ? Result(std::move(known)) : worker_.supply().get_object(name);
}

bool Lane::has_room_for(size_t files) const {
    return given_.size() - let_go_ + files <= kLaneGivenMax && given_.size() + files <= kSourceIdsMax + kLaneGivenMax;
}

bool Lane::answer_too_many() { return answer({Errc::overloaded, fmt::format("kLaneGivenMax = {}: objects and outputs of one invocation in a lane", kLaneGivenMax)}); }

bool Lane::answer_open(const run::Request& request, WireReader& reader) {
    auto name = read_name(reader);
    if (!name) return false;
    if (!has_room_for(1)) return answer_too_many();
    auto object = find_object(request, *name);
    if (!object.ok()) return answer(object.error());
    return answer(registry::pages_of(std::move(object).value()));
}

bool Lane::answer_size(const run::Request& request, WireReader& reader) {
    auto name = read_name(reader);
    if (!name) return false;
    auto object = find_object(request, *name);
    if (!object.ok()) return answer(object.error());
    return send(std::move(run::lane_message(LaneMessage::answer).number(0).number((*object)->pages.size())), {});
}

// Objects that the guest has closed: their numbers stand for nothing from now on.
bool Lane::let_go(WireReader& reader) {
    WireReader numbers = reader;
    if (!read_use(reader) || !reader.finished()) return false;
    for (uint64_t left = numbers.number(); left > 0; left--) {
        auto& pages = given_[numbers.number() - 1];
        numbers.number();  // What was mapped of it.
        if (pages && std::find(outputs_.begin(), outputs_.end(), pages->fd()) != outputs_.end()) return false;
        if (std::exchange(pages, nullptr)) let_go_++;
    }
    return true;
}

bool Lane::answer_output(WireReader& reader) {
    uint64_t size = reader.number();
    if (!reader.finished() || size == 0 || size > kOutputBytesMax + kHeapRangeCopyMax) return false;
    if (!has_room_for(1)) return answer_too_many();
    auto pages = (stream_ ? worker_.stream_supply() : worker_.supply()).create_output(size);
    if (!pages.ok()) return answer(pages.error());
    if (auto sealed = os::seal_size((*pages)->fd()); !sealed.ok()) return answer(sealed.error());
    outputs_.push_back((*pages)->fd());
    return answer(std::move(pages).value());
}

bool Lane::read_use(WireReader& reader) const {
    uint64_t objects = reader.number();
    if (objects > given_.size()) return false;
    for (uint64_t i = 0; i < objects; i++) {
        auto pages = given(reader.number());
        if (!pages) return false;
        pages->use().mapped_bytes += reader.number();
    }
    return true;
}

}  // namespace inlay::serve
