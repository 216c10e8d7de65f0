// Deploy options: what the server is told, and what it is spared.
#include "app/cli_functions.hpp"

#include <gtest/gtest.h>

#include "app/cli_failure.hpp"

namespace inlay::cli {
namespace {

TEST(DeployQueries, CarryOnlyWhatWasSaid) {
    EXPECT_EQ(query_string(deploy_query("", "", "", {})), "");
    EXPECT_EQ(query_string(deploy_query("500ms", "64MiB", "heavy", {"K=V", "EMPTY="})),
              "?class=heavy&timeout_ms=500&memory_bytes=67108864&env=K%3DV&env=EMPTY%3D");
}

TEST(DeployQueries, RefuseWhatCannotBeUnderstood) {
    EXPECT_THROW(deploy_query("500", "", "", {}), Failure);
    EXPECT_THROW(deploy_query("0s", "", "", {}), Failure);
    EXPECT_THROW(deploy_query("", "lots", "", {}), Failure);
    EXPECT_THROW(deploy_query("", "0", "", {}), Failure);
    EXPECT_THROW(deploy_query("", "", "light", {}), Failure);
    EXPECT_THROW(deploy_query("", "", "", {"K"}), Failure);
    EXPECT_THROW(deploy_query("", "", "", {"=V"}), Failure);
    EXPECT_THROW(deploy_query("", "", "", {""}), Failure);
}

}  // namespace
}  // namespace inlay::cli
