// Describe: the JSON that listings, functions and logs are shown as.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "control/accounts.hpp"
#include "control/function_log.hpp"
#include "control/quarantine.hpp"
#include "control/traces.hpp"
#include "registry/messages.hpp"
#include "store/catalog_reader.hpp"

namespace inlay::control {

// What is known of functions beside the catalog.
struct KnownOfFunctions {
    const FunctionLogs& logs;
    const Accounts& accounts;
    const Quarantine& quarantine;
    const Traces& traces;
};

// Errors: bucket_not_found, function_not_found, not_found (a trace), bad_name; failures of the catalog.
Result<std::string> describe(const registry::Listing& listing, store::CatalogReader& catalog, const KnownOfFunctions& known);

// {"bucket","key","bytes","version","content_type","modified"}, "linked": PATH where it is a file where it lies; ended by a line feed.
std::string describe_object(const store::ObjectRecord& record);

// {"name","version","module_bytes","class","isolated","deployed", each of kFunctionLimits, "usage":{"invocations","refused",
// "overruns","cpu_us","lost_us","in_flight"}}, "quarantined": WHY where it is; ended by a line feed.
std::string describe_function(const store::FunctionRecord& record, const KnownOfFunctions& known);

}  // namespace inlay::control
