// From names to files, then from files to names.
#include "store/inspection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/limits.hpp"
#include "os/directory.hpp"
#include "os/leased_file.hpp"
#include "store/file_names.hpp"
#include "store/hash.hpp"
#include "store/version.hpp"

namespace inlay::store {
namespace {

constexpr size_t kIntegrityLinesMax = 20;
constexpr size_t kReadBytes = 1 * MiB;

constexpr std::string_view kRestoreCatalog =
    "restore the whole directory from a backup; do not start a server on it with another catalog, which would remove files that that one does not name";

class Inspector {
  public:
    Inspector(const Visit& visit, const InspectionTerms& terms, CatalogReader& catalog) : visit_(visit), terms_(terms), catalog_(catalog) {
        inspected_.served = visit.served();
    }

    // False: the catalog is damaged, and nothing can be compared to it.
    Result<bool> check_catalog() {
        auto lines = catalog_.check_integrity(kIntegrityLinesMax);
        if (!lines.ok() && lines.error().code != Errc::corrupt) return std::move(lines).error();
        if (!lines.ok()) lines = std::vector{lines.error().detail};
        for (const auto& line : *lines) report("catalog-damaged", std::string(kCatalogName), line, std::string(kRestoreCatalog));
        return lines->empty();
    }

    Result<> compare() {
        INLAY_TRY(auto totals, catalog_.count());
        if (terms_.begun) terms_.begun(totals.object_bytes);
        INLAY_TRY_VOID(catalog_.for_each_object([&](const ObjectRecord& object) {
            inspected_.objects++;
            inspected_.object_bytes += object.size_bytes;
            auto looked = object.linked() ? look_at_link(object) : look_at_object(object);
            if (terms_.looked_at) terms_.looked_at(object.size_bytes);
            return looked;
        }));
        INLAY_TRY(auto functions, catalog_.list_functions());
        for (const auto& function : functions) {
            inspected_.functions++;
            INLAY_TRY_VOID(look_at_module(function));
        }
        INLAY_TRY_VOID(look_for_nameless_objects());
        return look_for_nameless_modules();
    }

    Inspected& inspected() { return inspected_; }

    void report(std::string kind, std::string thing, std::string found, std::string remedy) {
        inspected_.findings++;
        if (terms_.found) terms_.found({std::move(kind), std::move(thing), std::move(found), std::move(remedy)});
    }

  private:
    // What is wrong with a file that should have so many bytes. Empty: nothing.
    struct Wrong {
        std::string kind;
        std::string found;
    };

    // `name` below `directory`, which may be missing itself. `hash` is empty where none is stored.
    Result<Wrong> look_at_file(const std::string& directory, const std::string& name, uint64_t size_bytes, const std::string& hash) const {
        std::string path = directory + "/" + name;
        INLAY_TRY(auto status, os::entry_status(visit_.directory(), path));
        if (!status) return Wrong{"missing", fmt::format("its file {} is missing", path)};
        if (!status->is_regular) return Wrong{"unreadable", fmt::format("its file {} is no regular file", path)};
        auto opened = os::open_if_present(visit_.directory(), path);
        if (!opened.ok()) return Wrong{"unreadable", fmt::format("its file cannot be opened: {}", opened.error().detail)};
        if (!*opened) return Wrong{"missing", fmt::format("its file {} is missing", path)};
        if (status->size != size_bytes)
            return Wrong{"size", fmt::format("its file {} has {} bytes instead of {}", path, status->size, size_bytes)};
        if (!terms_.content) return Wrong{};
        auto found = hash.empty() ? read_whole(**opened, size_bytes) : xxh3_128_hex(**opened);
        if (!found.ok()) return Wrong{"unreadable", fmt::format("its file {} cannot be read: {}", path, found.error().detail)};
        if (*found != hash) return Wrong{"content", fmt::format("its file {} has the hash {} instead of {}", path, *found, hash)};
        return Wrong{};
    }

    // Its hash, which nobody knows: the empty one.
    static Result<std::string> read_whole(const os::Fd& file, uint64_t size_bytes) {
        std::vector<char> piece(std::min<uint64_t>(kReadBytes, size_bytes));
        for (uint64_t done = 0; done < size_bytes; done += piece.size())
            INLAY_TRY_VOID(os::read_exactly_at(file.get(), piece.data(), std::min<uint64_t>(piece.size(), size_bytes - done), done));
        return std::string();
    }

    Result<> look_at_object(const ObjectRecord& object) {
        if (!is_version(object.version)) {
            report("object-version", object.name.path(), fmt::format("its version {:?} is none", object.version), "delete the object: inlay rm");
            return {};
        }
        auto shard = object.version.substr(kVersionBytes - kShardNameBytes);
        INLAY_TRY(auto wrong, look_at_file("objects/" + shard, object.version, object.size_bytes, ""));
        if (wrong.kind.empty()) return {};
        INLAY_TRY(bool still_named, catalog_.has_object_version(object.version));
        if (still_named)
            report("object-" + wrong.kind, object.name.path(), wrong.found,
                   fmt::format("put objects/{}/{} back from a backup, or put or delete the object anew", shard, object.version));
        return {};
    }

    Result<> look_at_link(const ObjectRecord& object) {
        inspected_.linked++;
        auto stamp = os::stamp_at(object.link_path);
        if (stamp.ok() && *stamp == object.link_stamp) return {};
        INLAY_TRY(bool still_named, catalog_.has_object_version(object.version));
        if (!still_named) return {};
        report(stamp.ok() ? "link-changed" : "link-missing", object.name.path(),
               stamp.ok() ? fmt::format("the linked file {:?} is not what it was: {} then, {} now", object.link_path, object.link_stamp, *stamp)
                          : fmt::format("the linked file {:?} cannot be found: {}", object.link_path, stamp.error().detail),
               "link it again (inlay put --link), or delete the object: inlay rm");
        return {};
    }

    Result<> look_at_module(const FunctionRecord& function) {
        auto file = module_file(function.version);
        INLAY_TRY(auto wrong, look_at_file("modules", file, function.module_bytes, function.module_hash));
        if (wrong.kind.empty()) return {};
        INLAY_TRY(bool still_named, catalog_.has_module_version(function.version));
        if (!still_named) return {};
        report("module-" + wrong.kind, function.name, wrong.found,
               fmt::format("put modules/{} back from a backup, or deploy the function again: inlay deploy", file));
        return {};
    }

    Result<> look_for_nameless_objects() {
        return for_each_name("objects", [&](const std::string& shard) -> Result<> {
            std::string directory = "objects/" + shard;
            if (!shard_index(shard)) {
                report_wrong_name(directory);
                return {};
            }
            return for_each_name(directory, [&](const std::string& name) -> Result<> {
                return look_at_name(directory, name, "", name.ends_with(shard), [&](auto version) { return catalog_.has_object_version(version); });
            });
        });
    }

    Result<> look_for_nameless_modules() {
        return for_each_name("modules", [&](const std::string& name) -> Result<> {
            return look_at_name("modules", name, kModuleSuffix, true, [&](auto version) { return catalog_.has_module_version(version); });
        });
    }

    // An entry that should be VERSION + suffix, or a temporary one of it.
    template <class IsKnown>
    Result<> look_at_name(const std::string& directory, std::string_view name, std::string_view suffix, bool right_place, const IsKnown& is_known) {
        std::string path = directory + "/" + std::string(name);
        bool temporary = name.ends_with(kTemporarySuffix);
        if (temporary) name.remove_suffix(kTemporarySuffix.size());
        bool ends = name.ends_with(suffix);
        if (ends) name.remove_suffix(suffix.size());
        if (!ends || !is_version(name) || (!right_place && !temporary)) {
            report_wrong_name(path);
            return {};
        }
        INLAY_TRY(bool known, is_known(name));
        if (known && !temporary) return {};
        if (visit_.served())
            inspected_.in_flight++;
        else
            report("without-name", path, "the catalog does not name it: a crash or an interrupted removal left it",
                   "nothing: the next start of the server removes it");
        return {};
    }

    void report_wrong_name(const std::string& path) {
        report("wrong-name", path, "no file of Inlay's has such a name", "move it away: the server leaves it alone, and does not know it");
    }

    Result<> for_each_name(const std::string& directory, const std::function<Result<>(const std::string&)>& use) {
        INLAY_TRY(auto opened, os::open_directory_if_present(visit_.directory(), directory));
        if (!opened) return {};
        Result<> step;
        INLAY_TRY_VOID(os::for_each_entry(opened->get(), [&](std::string_view name) {
            step = use(std::string(name));
            return step.ok();
        }));
        return step;
    }

    const Visit& visit_;
    const InspectionTerms& terms_;
    CatalogReader& catalog_;
    Inspected inspected_;
};

}  // namespace

Result<Inspected> inspect(const Visit& visit, const InspectionTerms& terms) {
    auto catalog = visit.open_catalog();
    if (!catalog.ok()) {
        Errc code = catalog.error().code;
        if (code != Errc::corrupt && code != Errc::not_found) return std::move(catalog).error();
        if (terms.found)
            terms.found({code == Errc::corrupt ? "catalog-damaged" : "catalog-missing", std::string(kCatalogName), catalog.error().detail,
                         std::string(kRestoreCatalog)});
        return Inspected{.served = visit.served(), .findings = 1};
    }
    Inspector inspector(visit, terms, *catalog);
    INLAY_TRY(bool sound, inspector.check_catalog());
    if (sound) INLAY_TRY_VOID(inspector.compare());
    return inspector.inspected();
}

}  // namespace inlay::store
