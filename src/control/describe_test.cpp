// Descriptions: the JSON of listings, functions and logs, and what is said about names that are not there.
#include "control/describe.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "store/catalog.hpp"
#include "store/scratch_directory.hpp"

namespace inlay::control {
namespace {

using nlohmann::json;
using registry::Listing;
using registry::ListingKind;

class DescribeTest : public testing::Test {
  protected:
    void apply(store::Change change) {
        store::ChangeSet set{{std::move(change)}};
        ASSERT_TRUE(catalog_.commit(std::span(&set, 1)).value().at(0).ok());
    }
    void put(const std::string& bucket, const std::string& key) {
        apply(store::PutObject{store::example_object(bucket, key, "v-" + bucket + "-" + key), {}});
    }
    json described(const Listing& listing) {
        auto text = describe(listing, reader_, {logs_, accounts_, quarantine_, traces_});
        if (!text.ok()) return std::string(traits(text.error().code).name);
        EXPECT_TRUE(text->ends_with("\n"));
        return json::parse(*text);
    }

    store::ScratchDirectory scratch_;
    store::Catalog catalog_ = store::Catalog::create(scratch_ / "catalog.db").value();
    store::CatalogReader reader_ = store::CatalogReader::create(scratch_ / "catalog.db").value();
    Quarantine quarantine_;
    FunctionLogs logs_;
    Traces traces_;
    registry::SharedMemory memory_ = registry::SharedMemory::open(registry::SharedMemory::create_file().value().get()).value();
    Accounts accounts_{memory_.state(), 2};
};

TEST_F(DescribeTest, BucketsByNamePageByPage) {
    EXPECT_EQ(described({ListingKind::buckets, "", "", "", 2}), json::parse(R"({"buckets":[],"next":null})"));
    put("b", "k"), put("a", "k"), put("a", "l");
    EXPECT_EQ(described({ListingKind::buckets, "", "", "", 2}), json::parse(R"({"buckets":[{"name":"a"},{"name":"b"}],"next":null})"));
    put("c", "k");
    EXPECT_EQ(described({ListingKind::buckets, "", "", "", 2})["next"], "b");
    EXPECT_EQ(described({ListingKind::buckets, "", "", "b", 2}), json::parse(R"({"buckets":[{"name":"c"}],"next":null})"));
}

TEST_F(DescribeTest, ObjectsOfABucketPageByPage) {
    put("b", "a"), put("b", "c"), put("b", "x/1");
    auto first = described({ListingKind::objects, "b", "", "", 2});
    EXPECT_EQ(first["bucket"], "b");
    EXPECT_EQ(first["next"], "c");
    EXPECT_EQ(first["objects"][0],
              json::parse(R"({"key":"a","bytes":7,"version":"v-b-a","content_type":"text/plain","modified":"1970-01-01T00:00:01.000Z"})"));
    auto second = described({ListingKind::objects, "b", "", "c", 2});
    EXPECT_EQ(second["objects"].size(), 1u);
    EXPECT_EQ(second["next"], nullptr);
    EXPECT_EQ(described({ListingKind::objects, "b", "x/", "", 9})["objects"].size(), 1u);
    EXPECT_EQ(described({ListingKind::objects, "b", "y", "", 9})["objects"].size(), 0u) << "no match, but the bucket is there";
}

TEST_F(DescribeTest, ABucketWithoutObjectsIsNone) {
    EXPECT_EQ(described({ListingKind::objects, "b", "", "", 9}), "bucket-not-found");
    EXPECT_EQ(described({ListingKind::objects, "no/name", "", "", 9}), "bad-name");
}

TEST_F(DescribeTest, Functions) {
    EXPECT_EQ(described({ListingKind::functions}), json::parse(R"({"functions":[]})"));
    apply(store::DeployFunction{store::example_function("f", "v1")});
    auto one = json::parse(R"({"name":"f","version":"v1","module_bytes":8,"class":"heavy","isolated":true,"warm":true,"directories":["data=b:w"],"deployed":"1970-01-01T00:00:00.011Z",
        "timeout_ms":9,"cpu_ms":8,"memory_bytes":10,"private_bytes":3221225472,"windows":10000,"output_bytes":2147483648,"log_bytes":409600,
        "publishes":16,"concurrency":1024,"rate":12,"lanes":64,
        "usage":{"invocations":0,"refused":0,"overruns":0,"cpu_us":7,"lost_us":0,"in_flight":0}})");
    registry::FunctionAccount::add(memory_.state().accounts[1][*accounts_.account_of("f")].cpu_ns, 7000);
    EXPECT_EQ(described({ListingKind::function, "f"}), one);
    EXPECT_EQ(described({ListingKind::functions})["functions"], json::array({one}));
    EXPECT_EQ(json::parse(describe_function(store::example_function("f", "v1"), {logs_, accounts_, quarantine_, traces_})), one) << "and no environment: it may hold secrets";
    EXPECT_EQ(described({ListingKind::function, "g"}), "function-not-found");
    EXPECT_EQ(described({ListingKind::function, "no/name"}), "bad-name");
}

TEST_F(DescribeTest, LogLinesAfterANumber) {
    apply(store::DeployFunction{store::example_function("f", "v1")});
    EXPECT_EQ(described({ListingKind::log, "f"}), json::parse(R"({"lines":[],"next":0})"));
    logs_.append({"f", "i", "", {{0, "a"}, {1, "b"}, {2, "c"}, {3, "d"}, {7, "e"}}}, 1500);
    auto all = described({ListingKind::log, "f", "", "", 0});
    ASSERT_EQ(all["lines"].size(), 5u);
    EXPECT_EQ(all["lines"][0], json::parse(R"({"seq":1,"time":"1970-01-01T00:00:01.500Z","level":"debug","invocation":"i","text":"a"})"));
    EXPECT_EQ(all["lines"][3]["level"], "error");
    EXPECT_EQ(all["next"], 5);
    EXPECT_EQ(described({ListingKind::log, "f", "", "4", 0})["lines"].size(), 1u);
    EXPECT_EQ(described({ListingKind::log, "f", "", "x", 0})["lines"].size(), 5u);
    EXPECT_EQ(described({ListingKind::log, "g"}), "function-not-found");
}

TEST_F(DescribeTest, LogLinesMayHoldAnyBytes) {
    apply(store::DeployFunction{store::example_function("f", "v1")});
    logs_.append({"f", "i", "t", {{0, std::string("a\xff\0\"\n", 5)}}}, 0);
    auto line = described({ListingKind::log, "f"})["lines"][0];
    EXPECT_EQ(line["text"], std::string("a\xef\xbf\xbd\0\"\n", 7));
    EXPECT_EQ(line["trace"], "t");
}

TEST_F(DescribeTest, TracesFromTheLatestOnAndOneWithItsSpans) {
    const std::string id(32, 'a');
    EXPECT_EQ(described({ListingKind::trace, id}), "not-found");
    registry::Trace trace{id, {}};
    trace.spans.add({.id = 0xb, .parent = 0xa, .function = "g", .step = "s[1]", .place = "lane", .ending = "200", .began_ns = 3'000'000, .took_ns = 5000});
    trace.spans.add({.id = 0xa, .function = "f", .place = "worker", .ending = "404", .attempts = 2, .began_ns = 1'000'000, .took_ns = 4'000'000, .cpu_ns = 7000, .mapped_bytes = 8, .copied_bytes = 9});
    traces_.add(std::move(trace), 1500);
    EXPECT_EQ(described({ListingKind::traces, "", "", "", 9}), json::parse(R"({"traces":[{"trace":")" + id + R"(","time":"1970-01-01T00:00:01.500Z","function":"f","ending":"404","took_us":4000,"spans":2}]})"));
    auto one = described({ListingKind::trace, id});
    EXPECT_EQ(one["left_out"], 0);
    ASSERT_EQ(one["spans"].size(), 2u);
    EXPECT_EQ(one["spans"][0]["began_us"], 2000);
    EXPECT_EQ(one["spans"][0]["step"], "s[1]");
    EXPECT_EQ(one["spans"][1], json::parse(R"({"id":"000000000000000a","parent":"0000000000000000","function":"f","step":null,"place":"worker","ending":"404",
        "attempts":2,"began_us":0,"took_us":4000,"cpu_us":7,"mapped":8,"copied":9})"));
}

TEST_F(DescribeTest, AFunctionInQuarantineSaysWhy) {
    apply(store::DeployFunction{store::example_function("f", "v1")});
    EXPECT_FALSE(described({ListingKind::function, "f"}).contains("quarantined"));
    for (unsigned crash = 0; crash < kCrashesMax; crash++) quarantine_.note_crash("v1", "signal 11", 1);
    EXPECT_NE(described({ListingKind::function, "f"})["quarantined"].get<std::string>().find("signal 11"), std::string::npos);
}

TEST_F(DescribeTest, AnUnknownListingIsRefused) { EXPECT_EQ(described({static_cast<ListingKind>(99)}), "bad-request"); }

}  // namespace
}  // namespace inlay::control
