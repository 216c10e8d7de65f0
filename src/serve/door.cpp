// Counts, in memory that workers share.
#include "serve/door.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/hash.hpp"
#include "base/limits.hpp"

namespace inlay::serve {
namespace asio = boost::asio;
namespace {

// What stands for a client: its IPv4 address, or the network of its IPv6 address, of which it has all.
uint64_t network_of(const asio::ip::address& address) {
    if (address.is_v4()) return address.to_v4().to_uint();
    auto v6 = address.to_v6();
    if (v6.is_v4_mapped()) return asio::ip::make_address_v4(asio::ip::v4_mapped, v6).to_uint();
    uint64_t network = 0;
    for (size_t i = 0; i < 8; i++) network = network << 8 | v6.to_bytes()[i];
    return network;
}

}  // namespace

Door::Place::Place(std::atomic<uint16_t>& count) : count_(&count) {
    count.store(static_cast<uint16_t>(count.load(std::memory_order_relaxed) + 1), std::memory_order_relaxed);
}

Door::Place::~Place() {
    if (count_) count_->store(static_cast<uint16_t>(count_->load(std::memory_order_relaxed) - 1), std::memory_order_relaxed);
}

Door::Door(const registry::SharedMemory& shared, const WorkerSettings& settings) : shared_(shared.state()), settings_(settings) {}

void Door::limit_descriptors(size_t descriptors) {
    here_max_ = std::min(kConnectionsPerWorkerMax, descriptors / kConnectionDescriptorShare);
}

Result<Door::Place> Door::enter(const asio::ip::address& from, size_t here) {
    const auto& limits = settings_.clients;
    // The seed is secret: nobody can tell which addresses share a place.
    const auto place = mixed(network_of(from) ^ shared_.seed) % kAddressPlaces;
    uint64_t of_address = 0;
    for (size_t slot = 0; slot < settings_.workers; slot++)
        of_address += shared_.connections_by_address[slot][place].load(std::memory_order_relaxed);
    if (of_address >= limits.connections_per_address)
        return Error{Errc::overloaded, fmt::format("this address has {} connections already (connections_per_address): use those",
                                                   limits.connections_per_address)};
    bool full = here >= here_max_ || all_connections() >= limits.connections;
    if (full && !end_longest_idle())
        return Error{Errc::overloaded, "all connections that this server has are in use (connections): retry later"};
    return Place(shared_.connections_by_address[settings_.slot][place]);
}

bool Door::end_longest_idle() {
    if (idle_.empty()) return false;
    auto& longest = idle_.front();
    idle_.pop_front();
    longest.end_idle();
    shared_.counters[settings_.slot].add(Counter::connections_ended_idle);
    return true;
}

uint64_t Door::all_connections() const {
    uint64_t all = 0;
    for (size_t slot = 0; slot < settings_.workers; slot++) all += shared_.counters[slot].get(Counter::connections_open);
    return all;
}

}  // namespace inlay::serve
