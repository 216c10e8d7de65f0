// For tests: a data directory with objects and functions in it, as a server has it open, and what is in its files.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <string>

#include "os/file.hpp"
#include "store/catalog.hpp"
#include "store/hash.hpp"
#include "store/object_directory.hpp"
#include "store/scratch_directory.hpp"
#include "store/version.hpp"

namespace inlay::store {

// Every entry below a directory, by its path there, with its content.
inline std::map<std::string, std::string> tree_of(const std::filesystem::path& path) {
    std::map<std::string, std::string> tree;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
        std::ostringstream content;
        if (entry.is_regular_file()) content << std::ifstream(entry.path()).rdbuf();
        tree[std::filesystem::relative(entry.path(), path).string()] = content.str();
    }
    return tree;
}

struct StandingData {
    ScratchDirectory scratch;
    std::unique_ptr<ObjectDirectory> directory = ObjectDirectory::create(path().string()).value();
    std::optional<Catalog> catalog = Catalog::create((path() / "catalog.db").string()).value();
    VersionSource versions{catalog->start_epoch().value()};
    os::Fd lock = locked();

    std::filesystem::path path() const { return scratch.path() / "data"; }

    os::Fd open_lock() const {
        auto opened = os::open_directory(path().string()).value();
        return os::create_file(opened.get(), "lock").value();
    }
    os::Fd locked() const {
        os::Fd made = open_lock();
        EXPECT_TRUE(os::try_lock(made.get()).value());
        return made;
    }
    // The lock is the caller's from then on.
    os::Fd stop() {
        catalog.reset();
        return std::move(lock);
    }

    std::filesystem::path object_path(const std::string& version) const {
        return path() / "objects" / version.substr(kVersionBytes - kShardNameBytes) / version;
    }
    bool has(const std::string& version) const { return std::filesystem::exists(object_path(version)); }

    // What a server does for a put, its removals included.
    std::string put(const std::string& bucket, const std::string& key, std::string_view content, const std::string& link = "", const std::string& stamp = "") {
        auto object = example_object(bucket, key, versions.next());
        object.size_bytes = content.size();
        object.link_path = link;
        object.link_stamp = stamp;
        if (link.empty()) {
            EXPECT_TRUE(directory->write(object.version, content).ok());
        }
        return commit(put_of(object), object.version);
    }
    std::string deploy(const std::string& name, std::string_view module) {
        auto function = example_function(name, versions.next());
        function.module_bytes = module.size();
        function.module_hash = xxh3_128_hex(module);
        EXPECT_TRUE(directory->write_module(function.version, module).ok());
        return commit({{DeployFunction{function}}}, function.version);
    }

  private:
    std::string commit(ChangeSet set, std::string version) {
        auto committed = catalog->commit(std::span(&set, 1));
        EXPECT_TRUE(committed.ok() && committed->front().ok());
        for (const auto& old : committed->front()->unreferenced_objects) EXPECT_TRUE(directory->remove(old).ok());
        return version;
    }
};

}  // namespace inlay::store
