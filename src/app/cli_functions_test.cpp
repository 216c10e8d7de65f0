// Deploy options: what the server is told, and what it is spared.
#include "app/cli_functions.hpp"

#include <gtest/gtest.h>

#include "app/cli_failure.hpp"

namespace inlay::cli {
namespace {

TEST(DeployQueries, CarryOnlyWhatWasSaid) {
    EXPECT_EQ(query_string(deploy_query({})), "");
    EXPECT_EQ(query_string(deploy_query({"500ms", "64MiB", "heavy", {}, {"K=V", "EMPTY="}})),
              "?class=heavy&timeout_ms=500&memory_bytes=67108864&env=K%3DV&env=EMPTY%3D");
}

TEST(DeployQueries, CarryLimitsInTheirOwnUnitsAndIsolation) {
    EXPECT_EQ(query_string(deploy_query({.limits = {"cpu_ms=500", "timeout_ms=2s", "output_bytes=1MiB", "log_bytes=7", "rate=10"}, .isolate = true})),
              "?cpu_ms=500&timeout_ms=2000&output_bytes=1048576&log_bytes=7&rate=10&isolate=1");
}

TEST(DeployQueries, RefuseWhatCannotBeUnderstood) {
    for (const char* timeout : {"500", "0s"}) EXPECT_THROW(deploy_query({.timeout = timeout}), Failure);
    for (const char* memory : {"lots", "0"}) EXPECT_THROW(deploy_query({.memory = memory}), Failure);
    EXPECT_THROW(deploy_query({.run_class = "light"}), Failure);
    for (const char* pair : {"K", "=V", ""}) EXPECT_THROW(deploy_query({.env = {pair}}), Failure);
    for (const char* pair : {"", "rate", "rate=", "rate=0", "rate=-1", "rate=1s", "rate=64MiB", "=1", "unknown=1", "publishes=17", "cpu_ms=16m", "windows=1k"})
        EXPECT_THROW(deploy_query({.limits = {pair}}), Failure) << pair;
}

}  // namespace
}  // namespace inlay::cli
