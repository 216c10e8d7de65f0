// The table of host functions.
#include "run/host_api.hpp"

#include <vector>

#include "run/wasi.hpp"

namespace inlay::run {

std::span<const engine::HostFunction> host_functions() {
    using engine::also_for_start;
    using engine::host_function;
    using engine::waiting_host_function;
    static constexpr engine::HostFunction kFunctions[] = {
        host_function<&host::request>("request"),   host_function<&host::body>("body"),
        host_function<&host::open>("open"),         waiting_host_function<&host::map>("map"),
        waiting_host_function<&host::move>("move"), host_function<&host::prefetch>("prefetch"),
        host_function<&host::output>("output"),     host_function<&host::unmap>("unmap"),
        host_function<&host::status>("status"),     host_function<&host::header>("header"),
        host_function<&host::respond>("respond"),   host_function<&host::publish>("publish"),
        also_for_start(host_function<&host::log>("log")), also_for_start(host_function<&host::clock>("clock")),
        also_for_start(host_function<&host::random>("random")), host_function<&host::cost>("cost"),
        waiting_host_function<&host::receive>("receive"),
        waiting_host_function<&host::send>("send"),
        host_function<&host::call_input>("call_input"),       host_function<&host::close>("close"),
        host_function<&host::call>("call"),         host_function<&host::spawn>("spawn"),
        host_function<&host::wait>("wait"),         host_function<&host::wait_any>("wait_any"),
        host_function<&host::fd_source>("fd_source"),
    };
    static const std::vector<engine::HostFunction> all = [] {
        std::vector<engine::HostFunction> both(std::begin(kFunctions), std::end(kFunctions));
        both.insert(both.end(), wasi::functions().begin(), wasi::functions().end());
        return both;
    }();
    return all;
}

}  // namespace inlay::run
