// For tests: what a disk holds after the power failed, by the least that a filesystem promises.
//
// A change is kept for sure once its file, or the directory of its name, was synced with success after it. Until then any of them may
// be kept or lost, each by itself, a write also in part. A sync that fails loses for ever what it was for, while reading it back
// works as if nothing had happened: a later sync has nothing left to write.
#pragma once

#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "os/disk_trace.hpp"

namespace inlay::os {

// How much of what was not synced is kept.
struct Loss {
    enum class Kind { all, none, some };
    Kind kind = Kind::all;
    uint32_t seed = 0;  // Of `some`.
};

class DiskModel {
  public:
    // `root`: the inode of an empty directory, where all that follows happens.
    explicit DiskModel(uint64_t root) : root_(std::make_shared<Node>()) { nodes_[root] = root_; }

    void apply(const DiskEvent& event) {
        if (event.step == DiskEvent::kMark) return;
        switch (static_cast<DiskStep>(event.step)) {
            case DiskStep::make_directory:
            case DiskStep::create: return create(event);
            case DiskStep::create_unnamed: return make_node(event);
            case DiskStep::reserve:
            case DiskStep::write:
            case DiskStep::truncate: return change_content(event);
            case DiskStep::sync: return sync(event.file, event.failed);
            case DiskStep::sync_all: return sync_all(event.failed);
            case DiskStep::link: return change_names(event, {{event.name, node(event.file)}});
            case DiskStep::rename: return rename(event);
            case DiskStep::unlink:
            case DiskStep::remove_directory: return change_names(event, {{event.name, nullptr}});
            case DiskStep::map: return;
        }
    }

    // Makes at `to`, which is absent, what would be found in the root.
    void write_image(const std::filesystem::path& to, Loss loss) const {
        std::mt19937 random(loss.seed);
        write_directory(*root_, to, loss, random);
    }

  private:
    struct Node;
    using NodePointer = std::shared_ptr<Node>;
    // Names and what they stand for; null: nothing.
    using Names = std::map<std::string, NodePointer>;
    struct Node {
        std::string durable;
        std::vector<DiskEvent> pending;
        Names durable_names, names;
        std::vector<Names> pending_names;  // Each of them all or nothing.
        bool is_directory = true;
    };

    const NodePointer& node(uint64_t inode) { return nodes_[inode]; }

    void make_node(const DiskEvent& event) {
        if (event.failed) return;
        auto made = std::make_shared<Node>();
        made->is_directory = event.is(DiskStep::make_directory);
        nodes_[event.file] = std::move(made);  // An inode that is used again is another file.
    }
    void create(const DiskEvent& event) {
        if (event.failed) return;
        if (event.existed) return nodes_.at(event.file)->pending.push_back({.step = static_cast<int>(DiskStep::truncate)});
        make_node(event);
        change_names(event, {{event.name, node(event.file)}});
    }
    void change_content(const DiskEvent& event) {
        if (!event.failed) nodes_.at(event.file)->pending.push_back(event);
    }
    void change_names(const DiskEvent& event, Names change) {
        auto directory = node(event.directory);
        if (event.failed || !directory) return;  // Outside of the root.
        for (const auto& [name, what] : change) directory->names[name] = what;
        directory->pending_names.push_back(std::move(change));
    }
    void rename(const DiskEvent& event) {
        if (event.failed) return;
        INLAY_CHECK(event.directory == event.to_directory);  // No other is made.
        auto what = nodes_.at(event.directory)->names.at(event.name);
        change_names(event, {{event.name, nullptr}, {event.to, what}});
    }

    void sync(uint64_t inode, bool failed) {
        if (auto synced = node(inode)) sync(*synced, failed);
    }
    void sync_all(bool failed) {
        for (auto& [inode, each] : nodes_)
            if (each) sync(*each, failed);
    }
    static void sync(Node& synced, bool failed) {
        for (const auto& event : synced.pending)
            if (!failed) keep(event, event.length, synced.durable);
        for (const auto& change : synced.pending_names)
            if (!failed) keep(change, synced.durable_names);
        synced.pending.clear();
        synced.pending_names.clear();
    }

    static void keep(const DiskEvent& event, uint64_t length, std::string& content) {
        if (event.is(DiskStep::truncate)) return content.resize(length);
        if (event.is(DiskStep::reserve)) return content.resize(std::max<uint64_t>(content.size(), length));
        if (content.size() < event.offset + length) content.resize(event.offset + length);
        content.replace(event.offset, length, event.bytes, 0, length);
    }
    static void keep(const Names& change, Names& names) {
        for (const auto& [name, what] : change) what ? void(names[name] = what) : void(names.erase(name));
    }

    static bool keeps(Loss loss, std::mt19937& random) { return loss.kind == Loss::Kind::none || (loss.kind == Loss::Kind::some && random() % 2 == 0); }

    static void write_directory(const Node& directory, const std::filesystem::path& to, Loss loss, std::mt19937& random) {
        std::filesystem::create_directory(to);
        Names names = directory.durable_names;
        for (const auto& change : directory.pending_names)
            if (keeps(loss, random)) keep(change, names);
        for (const auto& [name, what] : names) {
            if (what->is_directory)
                write_directory(*what, to / name, loss, random);
            else
                std::ofstream(to / name, std::ios::binary) << content_of(*what, loss, random);
        }
    }
    static std::string content_of(const Node& file, Loss loss, std::mt19937& random) {
        constexpr uint64_t kSectorBytes = 512;  // What a disk writes whole.
        std::string content = file.durable;
        for (const auto& event : file.pending) {
            if (!keeps(loss, random)) continue;
            bool torn = loss.kind == Loss::Kind::some && event.is(DiskStep::write) && random() % 4 == 0;
            uint64_t sectors = event.length / kSectorBytes;
            keep(event, torn ? random() % (sectors + 1) * kSectorBytes : event.length, content);
        }
        return content;
    }

    NodePointer root_;
    std::map<uint64_t, NodePointer> nodes_;  // By inode: the latest that had it.
};

}  // namespace inlay::os
