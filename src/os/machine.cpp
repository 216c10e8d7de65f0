// Asks, tries, and cleans up.
#include "os/machine.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/statfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>

#include "os/file.hpp"
#include "os/mapping.hpp"
#include "os/memfd.hpp"
#include "os/page_survey.hpp"

namespace inlay::os {
namespace {

struct KnownFilesystem {
    long magic;
    const char* name;
};

// From statfs(2).
constexpr std::array kFilesystems = {
    KnownFilesystem{0xef53, "ext4"},         KnownFilesystem{0x58465342, "xfs"},  KnownFilesystem{0x9123683e, "btrfs"},
    KnownFilesystem{0x01021994, "tmpfs"},    KnownFilesystem{0x858458f6, "ramfs"}, KnownFilesystem{0x794c7630, "overlayfs"},
    KnownFilesystem{0x2fc12fc1, "zfs"},      KnownFilesystem{0xf2f52010, "f2fs"},  KnownFilesystem{0x6969, "nfs"},
    KnownFilesystem{0x65735546, "fuse"},
};

long magic_of(int directory) {
    struct statfs found{};
    return ::fstatfs(directory, &found) == 0 ? static_cast<long>(found.f_type) : 0;
}

// Reads all pages through a mapping that asks for huge ones.
void touch(int fd, uint64_t size) {
    auto view = Mapping::create(fd, 0, size, Access::read, Sharing::shared);
    if (!view.ok()) return;
    ::madvise(view->data(), size, MADV_HUGEPAGE);
    (void)::madvise(view->data(), size, MADV_POPULATE_READ);
}

uint64_t huge_bytes_of(int fd, uint64_t size) {
    touch(fd, size);
    auto survey = survey_pages(fd, size);
    return survey.ok() ? survey->huge_bytes : 0;
}

}  // namespace

std::string kernel_release() {
    utsname found{};
    return ::uname(&found) == 0 ? found.release : "unknown";
}

unsigned kernel_version() {
    unsigned major = 0, minor = 0;
    (void)std::sscanf(kernel_release().c_str(), "%u.%u", &major, &minor);
    return major * 1000 + minor;
}

std::optional<std::string> read_setting(const std::string& path) {
    std::ifstream file(path);
    std::string line;
    if (!std::getline(file, line)) return std::nullopt;
    return line;
}

std::string chosen_word(const std::string& setting) {
    size_t begin = setting.find('['), end = setting.find(']', begin == setting.npos ? 0 : begin);
    return begin == setting.npos || end == setting.npos ? setting : setting.substr(begin + 1, end - begin - 1);
}

Result<> write_setting(const std::string& path, const std::string& value) {
    Fd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (!fd) return os_error("open " + path);
    return write_all(fd.get(), value);
}

uint64_t descriptors_max() {
    rlimit found{};
    return ::getrlimit(RLIMIT_NOFILE, &found) == 0 ? found.rlim_max : 0;
}

std::string filesystem_name(int directory) {
    long magic = magic_of(directory);
    auto known = std::find_if(kFilesystems.begin(), kFilesystems.end(), [&](const auto& one) { return one.magic == magic; });
    if (known != kFilesystems.end()) return known->name;
    std::array<char, 32> text;
    std::snprintf(text.data(), text.size(), "type 0x%lx", magic);
    return text.data();
}

bool is_in_memory(int directory) {
    auto name = filesystem_name(directory);
    return name == "tmpfs" || name == "ramfs";
}

Result<Fd> create_probe_file(int directory, uint64_t size) {
    INLAY_TRY(auto made, create_unnamed(directory));
    INLAY_TRY_VOID(write_all_at(made.get(), std::string(size, 'x'), 0));
    INLAY_TRY_VOID(sync(made.get()));
    return made;
}

bool takes_direct_writes(int directory) {
    constexpr uint64_t kBytes = 1u << 20;
    auto memory = create_memfd("inlay-probe", kBytes);
    auto file = create_unnamed(directory);
    if (!memory.ok() || !file.ok()) return false;
    auto written = write_direct(file->get(), {memory->get(), 0, kBytes});
    return written.ok() && *written;
}

bool grants_leases(int directory) {
    std::string name = ".inlay-doctor-" + std::to_string(::getpid());
    {
        auto made = create_file(directory, name);
        if (!made.ok()) return false;
    }
    auto opened = open_if_present(directory, name);
    bool granted = opened.ok() && *opened && ::fcntl((*opened)->get(), F_SETLEASE, F_RDLCK) == 0;
    (void)unlink(directory, name);
    return granted;
}

uint64_t huge_bytes_of_file(int directory, uint64_t size) {
    auto file = create_probe_file(directory, size);
    if (!file.ok()) return 0;
    ::posix_fadvise(file->get(), 0, 0, POSIX_FADV_DONTNEED);
    return huge_bytes_of(file->get(), size);
}

// What is told to be read at random is read as it is asked for, without a thought of larger pages.
Result<> lay_in_small_pages(int fd, uint64_t size) {
    ::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    ::posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);
    std::string piece(128u << 10, '\0');
    for (uint64_t at = 0; at < size; at += piece.size())
        INLAY_TRY_VOID(read_exactly_at(fd, piece.data(), std::min<uint64_t>(piece.size(), size - at), at));
    return {};
}

uint64_t huge_bytes_of_memfd(uint64_t size) {
    auto memory = create_memfd("inlay-probe", size);
    if (!memory.ok()) return 0;
    auto view = Mapping::create(memory->get(), 0, size, Access::read_write, Sharing::shared);
    if (!view.ok()) return 0;
    ::madvise(view->data(), size, MADV_HUGEPAGE);
    for (uint64_t at = 0; at < size; at += page_size()) view->data()[at] = 1;
    return huge_bytes_of(memory->get(), size);
}

}  // namespace inlay::os
