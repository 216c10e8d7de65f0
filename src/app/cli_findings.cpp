// The list of things, each with what is in force, what it would gain, and what sets it.
#include "app/cli_findings.hpp"

#include <fmt/format.h>

#include "base/limits.hpp"
#include "control/options.hpp"
#include "os/allowance.hpp"
#include "os/file.hpp"
#include "os/huge_pages.hpp"
#include "os/machine.hpp"
#include "os/mapping.hpp"
#include "os/mapping_budget.hpp"
#include "os/process.hpp"
#include "os/sandbox.hpp"

namespace inlay::cli {
namespace {

constexpr unsigned kKernelMin = 6001;            // 6.1
constexpr unsigned kKernelCachestat = 6005;      // 6.5
constexpr uint64_t kDescriptorsGood = 65'536;
constexpr size_t kMappingsGood = 1'048'576;
constexpr size_t kMappingsPerWindow = 3;         // As src/engine/linear_memory counts them.
constexpr uint64_t kProbeBytes = 4 * os::kHugePageBytes;
constexpr std::string_view kThp = "/sys/kernel/mm/transparent_hugepage/";

std::string thp(std::string_view name) { return fmt::format("{}{}", kThp, name); }
std::string in_mib(uint64_t bytes) { return fmt::format("{} MiB", bytes / MiB); }

Finding kernel() {
    Finding found{.name = "kernel", .in_force = os::kernel_release()};
    if (os::kernel_version() < kKernelMin) {
        found.verdict = Verdict::wrong;
        found.gain = "Inlay needs 6.1";
        found.remedy = "boot a newer kernel";
    } else if (os::kernel_version() < kKernelCachestat) {
        found.verdict = Verdict::could_be_better;
        found.gain = "from 6.5 on prefetching asks the page cache itself (cachestat)";
        found.remedy = "boot a newer kernel";
    }
    return found;
}

Finding memory() {
    return {.name = "memory", .in_force = fmt::format("{} that a server here may use, and {} processors; a quarter of it is for bodies, as much for "
                                                      "outputs, unless body_memory says otherwise",
                                                      in_mib(os::usable_memory_bytes()), os::usable_processors())};
}

Finding descriptors() {
    uint64_t max = os::descriptors_max();
    Finding found{.name = "descriptors", .in_force = fmt::format("{} for each process", max)};
    if (max < kDescriptorsGood) {
        found.verdict = Verdict::could_be_better;
        found.gain = fmt::format("{} connections for each worker, with their objects, and {} linked files", kConnectionsPerWorkerMax, kLinksMax);
        found.remedy = fmt::format("ulimit -Hn {}, or LimitNOFILE= of its unit", kDescriptorsGood);
    }
    return found;
}

Finding mappings() {
    size_t max = os::mappings_max();
    auto windows = [](size_t mappings) { return mappings / kWindowMappingsShare / kMappingsPerWindow; };
    Finding found{.name = "mappings", .in_force = fmt::format("vm.max_map_count is {}: about {} windows at once in a process", max, windows(max))};
    if (max < kMappingsGood) {
        found.verdict = Verdict::could_be_better;
        found.gain = fmt::format("about {} windows at once", windows(kMappingsGood));
        found.fix = Setting{"/proc/sys/vm/max_map_count", std::to_string(kMappingsGood)};
    }
    return found;
}

Finding own_huge_pages() {
    auto setting = os::read_setting(thp("enabled"));
    auto word = setting ? os::chosen_word(*setting) : "absent";
    Finding found{.name = "huge pages: anonymous memory", .in_force = fmt::format("transparent_hugepage/enabled is {}", word)};
    if (word == "never") {
        found.verdict = Verdict::could_be_better;
        found.gain = "files and memory files in huge pages where they are asked for";
        found.fix = Setting{thp("enabled"), "madvise"};
    }
    return found;
}

Finding memory_file_huge_pages() {
    auto setting = os::read_setting(thp("shmem_enabled"));
    uint64_t huge = os::huge_bytes_of_memfd(kProbeBytes);
    Finding found{.name = "huge pages: bodies and outputs",
                  .in_force = fmt::format("{} of {} in a trial; transparent_hugepage/shmem_enabled is {}", in_mib(huge), in_mib(kProbeBytes),
                                          setting ? os::chosen_word(*setting) : "absent")};
    if (huge == 0) {
        found.verdict = Verdict::could_be_better;
        found.gain = "fewer page faults over large bodies and outputs, where they ask for huge pages";
        if (setting) found.fix = Setting{thp("shmem_enabled"), "advise"};
    }
    return found;
}

Finding promotion() {
    Finding found{.name = "huge pages: promotion", .in_force = "objects that functions map again and again, and whose files lie in small pages, "
                                                               "are copied into pages of 2 MiB, within hot_memory"};
    if (os::gives_huge_memfds()) return found;
    found = {.name = found.name, .verdict = Verdict::could_be_better, .in_force = "none: the kernel gives no pages of 2 MiB to memory files; objects stay in "
             "their files' pages", .gain = "fewer page faults over objects in use, on filesystems with small pages",
             .remedy = "a kernel from 6.1 on, with transparent huge pages for memory files"};
    auto setting = os::read_setting(thp("shmem_enabled"));
    if (setting && os::chosen_word(*setting) == "deny") found.fix = Setting{thp("shmem_enabled"), "advise"};
    return found;
}

Finding reserved_huge_pages() {
    auto reserved = os::read_setting("/proc/sys/vm/nr_hugepages");
    return {.name = "huge pages: reserve", .in_force = fmt::format("vm.nr_hugepages is {}; none are needed", reserved.value_or("absent"))};
}

Finding sandbox() {
    const uint32_t user = os::may_change_user() ? control::kUsersFromDefault : 0;
    auto tried = os::try_sandbox({os::SandboxKind::worker, user});
    if (!tried.ok())
        return {.name = "sandbox", .verdict = Verdict::wrong, .in_force = tried.error().detail, .gain = "strangers' code could be run",
                .remedy = "a kernel with seccomp; in a container, one that lets its processes use it"};
    Finding found{.name = "sandbox", .in_force = fmt::format("of workers: {}; not dumpable, no core files, no new privileges", tried->text())};
    if (tried->landlock == 0) {
        found.verdict = Verdict::could_be_better;
        found.gain = "one more wall around the files of this machine";
        found.remedy = "a kernel with Landlock (lsm=landlock,...)";
    } else if (tried->user == 0) {
        found.verdict = Verdict::could_be_better;
        found.gain = "workers with users of their own, whom no file belongs to";
        found.remedy = "start `inlay serve` as root: its workers give that up";
    }
    return found;
}

// ---- The data directory ----

Finding filesystem(int directory) {
    Finding found{.name = "filesystem", .in_force = os::filesystem_name(directory)};
    if (os::is_in_memory(directory)) {
        found.verdict = Verdict::wrong;
        found.gain = "what is stored would outlive a loss of power";
        found.remedy = "give a --data directory on a disk";
    }
    return found;
}

Finding unnamed_files(int directory) {
    if (os::create_unnamed(directory).ok()) return {.name = "unnamed files", .in_force = "O_TMPFILE works"};
    return {.name = "unnamed files", .verdict = Verdict::could_be_better, .in_force = "no O_TMPFILE: temporary names are used",
            .gain = "nothing left to sweep after a crash", .remedy = "another filesystem: ext4, xfs or btrfs"};
}

Finding direct_writes(int directory) {
    if (os::takes_direct_writes(directory)) return {.name = "direct writes", .in_force = "O_DIRECT works: content is stored from its own pages"};
    return {.name = "direct writes", .verdict = Verdict::could_be_better, .in_force = "no O_DIRECT", .gain = "one copy less of what is stored",
            .remedy = "another filesystem: ext4 or xfs"};
}

Finding file_huge_pages(int directory) {
    uint64_t huge = os::huge_bytes_of_file(directory, kProbeBytes);
    Finding found{.name = "huge pages: objects", .in_force = fmt::format("{} of {} in a trial", in_mib(huge), in_mib(kProbeBytes))};
    if (huge == 0) {
        found.verdict = Verdict::could_be_better;
        found.gain = "one page fault for 2 MiB of an object instead of 32 or more";
        found.remedy = "a kernel and filesystem with large folios: xfs or btrfs from 6.1 on, ext4 from 6.16 on";
    }
    return found;
}

Finding leases(int directory) {
    if (os::grants_leases(directory)) return {.name = "leases", .in_force = "granted: files of this filesystem can be linked"};
    return {.name = "leases", .verdict = Verdict::could_be_better, .in_force = "not granted", .gain = "`inlay put --link` of files here",
            .remedy = "a local filesystem"};
}

}  // namespace

std::vector<Finding> examine_machine(const std::string& data_directory) {
    std::vector<Finding> found{kernel(), memory(), descriptors(), mappings(), own_huge_pages(), memory_file_huge_pages(), promotion(), reserved_huge_pages(), sandbox()};
    if (data_directory.empty()) return found;
    auto directory = os::open_file(data_directory);
    if (!directory.ok()) {
        found.push_back({.name = "data directory", .verdict = Verdict::wrong, .in_force = directory.error().detail,
                         .gain = "a place for objects", .remedy = "name one that is there"});
        return found;
    }
    for (auto* look : {filesystem, unnamed_files, direct_writes, file_huge_pages, leases}) found.push_back(look(directory->get()));
    return found;
}

std::string_view text_of(Verdict verdict) {
    switch (verdict) {
        case Verdict::good: return "good";
        case Verdict::could_be_better: return "could be better";
        case Verdict::wrong: return "wrong";
    }
    return "";
}

}  // namespace inlay::cli
