// Inspections: each kind of damage is found and named, and nothing is changed by looking.
#include "store/inspection.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "os/leased_file.hpp"
#include "store/standing_data.hpp"

namespace inlay::store {
namespace {

class InspectionTest : public testing::Test {
  protected:
    // What is found, by kind and thing. The server is stopped before.
    std::multiset<std::string> look(bool content = false) {
        data_.stop();
        auto before = tree_of(data_.path());
        auto found = look_beside_server(content);
        EXPECT_EQ(tree_of(data_.path()), before);
        return found;
    }
    std::multiset<std::string> look_beside_server(bool content = false) {
        std::multiset<std::string> found;
        InspectionTerms terms;
        terms.content = content;
        terms.found = [&](const Finding& finding) {
            found.insert(finding.kind + " " + finding.thing);
            EXPECT_FALSE(finding.found.empty() || finding.remedy.empty());
        };
        auto inspected = inspect(Visit::create(data_.path()).value(), terms);
        EXPECT_TRUE(inspected.ok()) << inspected.error().detail;
        if (inspected.ok()) inspected_ = *inspected;
        return found;
    }
    void write(const std::string& name, const std::string& content) {
        std::filesystem::create_directories((data_.path() / name).parent_path());
        std::ofstream(data_.path() / name, std::ios::trunc) << content;
    }
    using Found = std::multiset<std::string>;

    StandingData data_;
    Inspected inspected_;
};

TEST_F(InspectionTest, WhatIsWholeIsClean) {
    for (int i = 0; i < 30; i++) data_.put("b" + std::to_string(i % 3), std::to_string(i), i == 7 ? "" : "content");
    data_.deploy("f", "module");
    EXPECT_EQ(look(true), Found{});
    EXPECT_EQ(inspected_.objects, 30u);
    EXPECT_EQ(inspected_.object_bytes, 29u * 7);
    EXPECT_EQ(inspected_.functions, 1u);
    EXPECT_FALSE(inspected_.served);
}

TEST_F(InspectionTest, FilesThatAreMissingOrWrongAreFound) {
    std::filesystem::remove(data_.object_path(data_.put("b", "missing", "content")));
    std::filesystem::resize_file(data_.object_path(data_.put("b", "short", "content")), 3);
    auto replaced = data_.object_path(data_.put("b", "replaced", "content"));
    std::filesystem::remove(replaced);
    std::filesystem::create_symlink("elsewhere", replaced);
    EXPECT_EQ(look(), (Found{"object-missing b/missing", "object-size b/short", "object-unreadable b/replaced"}));
}

TEST_F(InspectionTest, ADirectoryThatIsMissingIsAllItsFilesMissing) {
    auto version = data_.put("b", "k", "content");
    std::filesystem::remove_all(data_.path() / "objects");
    EXPECT_EQ(look(), Found{"object-missing b/k"});
}

TEST_F(InspectionTest, ModulesAreVerifiedWhenContentIs) {
    auto version = data_.deploy("changed", "module");
    auto missing = data_.deploy("missing", "module");
    write("modules/" + module_file(version), "mOdule");
    std::filesystem::remove(data_.path() / "modules" / module_file(missing));
    EXPECT_EQ(look(), Found{"module-missing missing"});
    EXPECT_EQ(look(true), (Found{"module-content changed", "module-missing missing"}));
}

TEST_F(InspectionTest, FilesWithoutNamesAreFoundAndBesideAServerMayBeInFlight) {
    auto version = data_.versions.next();
    ASSERT_TRUE(data_.directory->write(version, std::string_view("x")).ok());
    ASSERT_TRUE(data_.directory->write_module(version, std::string_view("x")).ok());
    EXPECT_EQ(look_beside_server(), Found{});
    EXPECT_EQ(inspected_.in_flight, 2u);
    EXPECT_TRUE(inspected_.served);
    auto object = "objects/" + version.substr(kVersionBytes - kShardNameBytes) + "/" + version;
    EXPECT_EQ(look(), (Found{"without-name " + object, "without-name modules/" + module_file(version)}));
}

TEST_F(InspectionTest, WrongNamesAndWrongPlacesAreFound) {
    auto version = data_.versions.next();
    write("objects/note", "");
    write("objects/ff/note", "");
    write("objects/fe/" + version, "");
    write("modules/" + version, "");
    EXPECT_EQ(look(), (Found{"wrong-name objects/note", "wrong-name objects/ff/note", "wrong-name objects/fe/" + version, "wrong-name modules/" + version}));
}

TEST_F(InspectionTest, LinksWhoseFilesWentOrChangedAreFound) {
    for (std::string name : {"same", "gone", "changed"}) {
        auto path = data_.scratch / name;
        std::ofstream(path) << "content";
        data_.put("b", name, "content", path, os::stamp_at(path).value());
    }
    std::filesystem::remove(data_.scratch / "gone");
    std::ofstream(data_.scratch / "changed", std::ios::app) << "more";
    EXPECT_EQ(look(), (Found{"link-changed b/changed", "link-missing b/gone"}));
    EXPECT_EQ(inspected_.linked, 3u);
}

TEST_F(InspectionTest, ToADamagedCatalogNothingIsCompared) {
    for (int i = 0; i < 500; i++) data_.put("b", std::to_string(i), "");
    data_.stop();
    std::fstream file(data_.path() / "catalog.db");
    file.seekp(2 * 4096);
    file << std::string(3 * 4096, '\xaa');
    file.close();
    auto found = look();
    EXPECT_FALSE(found.empty());
    for (const auto& one : found) EXPECT_EQ(one, "catalog-damaged catalog.db");
}

TEST_F(InspectionTest, ACatalogThatIsNoneIsFound) {
    data_.stop();
    write("catalog.db", "this is no catalog, and never was one");
    EXPECT_EQ(look(), Found{"catalog-damaged catalog.db"});
    write("catalog.db", "");
    EXPECT_EQ(look(), Found{"catalog-damaged catalog.db"});
    std::filesystem::remove(data_.path() / "catalog.db");
    EXPECT_EQ(look(), Found{"catalog-missing catalog.db"});
}

TEST_F(InspectionTest, ACatalogOfAnotherProgramIsNotLookedAt) {
    ASSERT_TRUE(Database::create((data_.path() / "catalog.db").string()).value().execute("PRAGMA user_version = 99").ok());
    data_.stop();
    EXPECT_EQ(inspect(Visit::create(data_.path()).value(), {}).error().code, Errc::unsupported_version);
}

}  // namespace
}  // namespace inlay::store
