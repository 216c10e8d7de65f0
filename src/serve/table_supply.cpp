// Looks up, lets in, accounts.
#include "serve/table_supply.hpp"

#include <fmt/format.h>

#include "base/clock.hpp"
#include "serve/worker.hpp"

namespace inlay::serve {
namespace {

// While a function that another one called runs in this process.
struct CalleeHold {
    Running running;
    registry::InFlight in_flight;
};

Result<Admitted> admit(Worker& worker, std::shared_ptr<const registry::Function> function) {
    if (function->plan) return Error{Errc::function_not_found, fmt::format("{:?} is a pipeline, which no function and no step can call: call the functions of its steps", function->record.name)};
    INLAY_TRY(auto in_flight, worker.admission().admit(*function, monotonic_ns()));
    return Admitted{std::move(function), std::move(in_flight)};
}

}  // namespace

Result<Admitted> admit_for_call(Worker& worker, std::string_view name) {
    INLAY_TRY(auto function, worker.tables().get_function(name));
    return admit(worker, std::move(function));
}

Result<Admitted> admit_callee(Worker& worker, std::string_view name) {
    INLAY_TRY(auto function, worker.tables().get_function(name));
    if (function->record.isolated)
        return Error{Errc::not_implemented, fmt::format("function {:?} is isolated: it shares no process with a caller", name)};
    return admit(worker, std::move(function));
}

void count_call(Worker& worker, const registry::Function& caller, const registry::Function& callee, const registry::EdgeUse& use) {
    worker.counters().add(Counter::calls);
    registry::count_edge(worker.shared().state(), caller.account, callee.account, use);
}

void account_call(Worker& worker, const registry::Function& caller, const registry::Function& callee, const run::CallAccount& account) {
    registry::FunctionAccount::add(worker.admission().account_of(callee).cpu_ns, account.cpu_ns);
    count_call(worker, caller, callee, {account.failed, account.cpu_ns, account.mapped_bytes});
    if (!account.log.lines.empty()) worker.log(account.log);
}

Result<run::Callee> TableSupply::admit(std::string_view name, uint64_t) {
    INLAY_TRY(auto admitted, admit_callee(worker_, name));
    std::shared_ptr<CalleeHold> hold(new CalleeHold{{worker_, *admitted.function}, std::move(admitted.in_flight)});
    return run::Callee{std::move(admitted.function), std::move(hold)};
}

void TableSupply::note_call(const run::CallEnd& end) { account_call(worker_, end.caller, end.function, run::CallAccount(end)); }

Result<std::shared_ptr<const registry::Object>> TableSupply::get_object(const ObjectName& name) { return worker_.tables().get_object(name); }

bool TableSupply::may_read(const std::shared_ptr<const os::Pages>& pages, uint64_t offset, uint64_t length) {
    return worker_.disk().in_memory(pages, offset, length);
}

}  // namespace inlay::serve
