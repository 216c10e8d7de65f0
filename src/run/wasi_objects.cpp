// Looks at staged effects, then asks the supply.
#include "run/wasi_objects.hpp"

#include <algorithm>
#include <functional>
#include <iterator>
#include <set>

#include "base/hash.hpp"
#include "engine/host_function.hpp"
#include "os/file.hpp"

namespace inlay::run::wasi {
namespace {

// The latest that is staged for a name; nullptr: nothing.
const StagedEffect* find_staged(const Invocation& invocation, const ObjectName& name) {
    auto found = std::find_if(invocation.effects.rbegin(), invocation.effects.rend(), [&](const auto& one) { return one.effect.name == name; });
    return found == invocation.effects.rend() ? nullptr : &*found;
}

Piece content_of(const StagedEffect& staged) {
    Piece piece;
    piece.pages = staged.pages;
    piece.length = staged.effect.length;
    piece.bytes = staged.effect.inline_bytes;  // COPY: small, at most kPublishInlineMax
    return piece;
}

bool begins_with(const ObjectName& name, const std::string& bucket, const std::string& prefix) {
    return name.bucket == bucket && name.key.starts_with(prefix) && name.key.size() > prefix.size();
}

// Calls `use(key)` for each key in a directory and below, until it gives false; stored ones in order, then staged ones.
int32_t for_each_key(Invocation& invocation, const Location& location, const std::function<bool(const std::string&)>& use) {
    const std::string prefix = location.prefix();
    std::string after;
    size_t seen = 0;
    do {
        auto page = invocation.supply.list_keys(location.bucket, prefix, after);
        if (!page.ok() && page.error().code == Errc::not_implemented) return invocation.may_begin_again() ? engine::kStopGuest : static_cast<int32_t>(kNotsup);
        if (!page.ok() && page.error().code == Errc::overloaded) {
            invocation.meet("kWasiKeysMax", kWasiKeysMax);
            return kOverflow;
        }
        if (!page.ok() && page.error().code != Errc::bucket_not_found) return kIo;
        if (!page.ok()) break;
        seen += page->keys.size();
        if (seen > kWasiKeysMax) {
            invocation.meet("kWasiKeysMax", kWasiKeysMax);
            return kOverflow;
        }
        for (const auto& key : page->keys)
            if (!find_staged(invocation, {location.bucket, key}) && !use(key)) return kSuccess;
        after = page->next;
    } while (!after.empty());
    for (const auto& staged : invocation.effects)
        if (!staged.effect.is_delete && begins_with(staged.effect.name, location.bucket, prefix) && !use(staged.effect.name.key)) break;
    return kSuccess;
}

// What is there beneath all that is staged.
int32_t find_stored(Invocation& invocation, const ObjectName& name, Found& found) {
    auto known = invocation.request.find_opened(name);
    auto size = known ? Result<uint64_t>(known->pages.size()) : invocation.supply.get_size(name);
    const bool is_absent = !size.ok() && (size.error().code == Errc::object_not_found || size.error().code == Errc::object_changed);
    if (is_absent) return kSuccess;
    if (!size.ok()) return kIo;
    found.kind = Found::Kind::file;
    found.size = *size;
    return kSuccess;
}

// Of a source that nobody has seen: its number is free again, as there are only so many of them.
void forget(Invocation& invocation, uint32_t source) {
    if (source + 1 == invocation.sources.size()) return invocation.sources.pop_back();
    invocation.close_source(source);
}

}  // namespace

bool is_staged(const Invocation& invocation, const ObjectName& name, const os::Pages& pages) {
    const auto* staged = find_staged(invocation, name);
    return staged && staged->pages.get() == &pages;
}

std::shared_ptr<Spool> spool_of(Invocation& invocation, const ObjectName& name) {
    for (const auto* file : state_of(invocation).find_all(name))
        if (file->spool) return file->spool;
    return nullptr;
}

uint64_t inode_of(const ObjectName& name) { return fnv1a(name.key, fnv1a(name.bucket)); }

int32_t open_object(Invocation& invocation, const ObjectName& name, uint32_t& source) {
    if (!check_key(name.key).ok()) return kNoent;
    const auto* staged = find_staged(invocation, name);
    if (staged && staged->effect.is_delete) return kNoent;
    if (!invocation.has_room_for_sources(1)) {
        invocation.meet_sources_limit();
        return kMfile;
    }
    if (staged) {
        source = static_cast<uint32_t>(invocation.sources.size());
        invocation.cost.copied.small += staged->effect.inline_bytes.size();
        invocation.sources.push_back(source_of(content_of(*staged), "object " + name.path()));
        return kSuccess;
    }
    auto opened = invocation.open_source(name);
    if (!opened.ok() && opened.error().code == Errc::overloaded) {
        invocation.meet(opened.error().detail);
        return kMfile;
    }
    if (!opened.ok()) return opened.error().code == Errc::object_not_found || opened.error().code == Errc::object_changed ? kNoent : kIo;
    source = *opened;
    return kSuccess;
}

int32_t find_content(Invocation& invocation, const ObjectName& name, Found& found) {
    found = {};
    if (!check_key(name.key).ok()) return kSuccess;
    const auto* staged = find_staged(invocation, name);
    if (staged && staged->effect.is_delete) return kSuccess;
    if (!staged) return find_stored(invocation, name, found);
    found.kind = Found::Kind::file;
    found.size = staged->effect.length;
    return kSuccess;
}

int32_t look(Invocation& invocation, const Location& location, Found& found) {
    found = {};
    if (auto spool = spool_of(invocation, location.name())) {
        found.kind = Found::Kind::file;
        found.size = spool->size();
        return kSuccess;
    }
    if (!location.path.empty()) {
        int32_t code = find_content(invocation, location.name(), found);
        if (code != kSuccess || found.kind == Found::Kind::file) return code;
    }
    const bool is_made = location.path.empty() || invocation.wasi->made_directories.contains(location.name().path());
    if (is_made) found.kind = Found::Kind::directory;
    if (is_made) return kSuccess;
    return for_each_key(invocation, location, [&](const std::string&) {
        found.kind = Found::Kind::directory;
        return false;
    });
}

int32_t list(Invocation& invocation, const Location& location, std::vector<Entry>& entries) {
    const std::string prefix = location.prefix();
    std::set<std::string> files, directories;
    auto add = [&](std::string_view rest) {
        const size_t slash = rest.find('/');
        if (slash != 0 && !rest.empty()) (slash == rest.npos ? files : directories).emplace(rest.substr(0, slash));
        return files.size() + directories.size() <= kWasiKeysMax;
    };
    int32_t code = for_each_key(invocation, location, [&](const std::string& key) { return add(std::string_view(key).substr(prefix.size())); });
    if (code != kSuccess) return code;
    const std::string made = location.bucket + "/" + prefix;
    for (const auto& one : invocation.wasi->made_directories)
        if (one.starts_with(made)) add(one.substr(made.size()) + "/");
    entries = {{".", true}, {"..", true}};
    for (const auto& name : files) entries.push_back({name, false});
    for (const auto& name : directories)
        if (!files.contains(name)) entries.push_back({name, true});
    return kSuccess;
}

int32_t stage(Invocation& invocation, ObjectName name, Piece content) {
    const auto* before = find_staged(invocation, name);
    auto like = before ? before->like : nullptr;
    std::erase_if(invocation.effects, [&](const auto& one) { return one.effect.name == name; });
    if (invocation.effects.size() >= invocation.limits().publishes) {
        invocation.meet(&FunctionLimits::publishes);
        return kDquot;
    }
    invocation.effects.push_back(staged_put(std::move(name), {}, std::move(content)));
    invocation.effects.back().like = std::move(like);
    return kSuccess;
}

int32_t unlink(Invocation& invocation, const ObjectName& name) {
    uint32_t source = 0;
    if (int32_t code = open_object(invocation, name, source); code != kSuccess) return code;
    forget(invocation, source);
    auto staged = std::stable_partition(invocation.effects.begin(), invocation.effects.end(), [&](const auto& one) { return one.effect.name != name; });
    std::vector<StagedEffect> before(std::make_move_iterator(staged), std::make_move_iterator(invocation.effects.end()));
    invocation.effects.erase(staged, invocation.effects.end());
    int32_t code = open_object(invocation, name, source);
    const bool was_only_staged = code == kNoent;
    if (code == kSuccess) {
        forget(invocation, source);
        code = stage(invocation, name, Piece{});
        if (code == kSuccess) invocation.effects.back().effect.is_delete = true;
    }
    if (code != kSuccess && !was_only_staged) {  // Nothing has happened.
        std::move(before.begin(), before.end(), std::back_inserter(invocation.effects));
        return code;
    }
    for (auto* file : state_of(invocation).find_all(name)) file->is_unlinked = true;
    return kSuccess;
}

int32_t link(Invocation& invocation, const ObjectName& from, ObjectName to) {
    uint32_t source = 0;
    if (int32_t code = open_object(invocation, from, source); code != kSuccess) return code;
    const auto& opened = invocation.sources[source];
    Piece content;
    content.pages = opened.pages;
    content.length = opened.length;
    const bool is_small = !opened.pages || opened.length <= kPublishInlineMax;
    if (is_small) content = Piece{};
    if (is_small && opened.pages) {
        content.bytes.resize(opened.length);
        auto* to_bytes = content.bytes.data();
        if (opened.length > 0 && !os::read_exactly_at(opened.pages->fd(), to_bytes, opened.length, opened.offset).ok()) return kIo;  // COPY: small
    } else if (is_small) {
        content.bytes = opened.inline_bytes;  // COPY: small, at most kPublishInlineMax
    }
    const auto* staged = find_staged(invocation, from);
    auto like = staged ? staged->like : opened.pages;
    forget(invocation, source);
    invocation.cost.copied.small += content.bytes.size();
    int32_t code = stage(invocation, std::move(to), std::move(content));
    if (code == kSuccess) invocation.effects.back().like = std::move(like);
    return code;
}

int32_t rename(Invocation& invocation, const ObjectName& from, const ObjectName& to) {
    auto& effects = invocation.effects;
    auto is_for = [](const ObjectName& name) { return [&name](const StagedEffect& one) { return one.effect.name == name; }; };
    Found stored;
    if (int32_t code = find_stored(invocation, from, stored); code != kSuccess) return code;
    if (stored.kind == Found::Kind::nothing) {  // Nobody else has ever seen it: it has another name from the beginning.
        std::erase_if(effects, is_for(to));
        std::find_if(effects.begin(), effects.end(), is_for(from))->effect.name = to;
        return kSuccess;
    }
    const auto replaced = static_cast<size_t>(std::count_if(effects.begin(), effects.end(), is_for(from)) + std::count_if(effects.begin(), effects.end(), is_for(to)));
    if (effects.size() - replaced + 2 > invocation.limits().publishes) {  // The new name, and that the old one goes: both, or nothing.
        invocation.meet(&FunctionLimits::publishes);
        return kDquot;
    }
    int32_t code = link(invocation, from, to);
    return code == kSuccess ? unlink(invocation, from) : code;
}

}  // namespace inlay::run::wasi
