// WASI preview 1: numbers and structures as the guest sees them.
//
// Source: WASI snapshot preview1, wasi_snapshot_preview1.witx (its generated docs.md has sizes and offsets).
#pragma once

#include <cstdint>

namespace inlay::run::wasi {

// What every function but proc_exit returns.
enum Errno : int32_t {
    kSuccess = 0,
    k2big = 1,
    kAgain = 6,
    kBadf = 8,
    kBusy = 10,
    kDquot = 19,
    kExist = 20,
    kFault = 21,
    kFbig = 22,
    kIlseq = 25,
    kInval = 28,
    kIo = 29,
    kIsdir = 31,
    kMfile = 33,
    kNametoolong = 37,
    kNoent = 44,
    kNospc = 51,
    kNotdir = 54,
    kNotempty = 55,
    kNotsock = 57,
    kNotsup = 58,
    kOverflow = 61,
    kRofs = 69,
    kSpipe = 70,
    kNotcapable = 76,
};

enum class FileType : uint8_t { unknown = 0, directory = 3, regular = 4 };

namespace rights {
inline constexpr uint64_t kFdDatasync = 1 << 0, kFdRead = 1 << 1, kFdSeek = 1 << 2, kFdFdstatSetFlags = 1 << 3, kFdSync = 1 << 4, kFdTell = 1 << 5,
                          kFdWrite = 1 << 6, kFdAdvise = 1 << 7, kFdAllocate = 1 << 8, kPathCreateDirectory = 1 << 9, kPathCreateFile = 1 << 10,
                          kPathLinkSource = 1 << 11, kPathLinkTarget = 1 << 12, kPathOpen = 1 << 13, kFdReaddir = 1 << 14,
                          kPathReadlink = 1 << 15, kPathRenameSource = 1 << 16, kPathRenameTarget = 1 << 17, kPathFilestatGet = 1 << 18,
                          kPathFilestatSetSize = 1 << 19, kPathFilestatSetTimes = 1 << 20, kFdFilestatGet = 1 << 21, kFdFilestatSetSize = 1 << 22,
                          kFdFilestatSetTimes = 1 << 23, kPathSymlink = 1 << 24, kPathRemoveDirectory = 1 << 25, kPathUnlinkFile = 1 << 26,
                          kPollFdReadwrite = 1 << 27;

inline constexpr uint64_t kReadFile = kFdRead | kFdSeek | kFdTell | kFdAdvise | kFdFdstatSetFlags | kFdFilestatGet | kPollFdReadwrite;
inline constexpr uint64_t kWriteFile = kFdWrite | kFdDatasync | kFdSync | kFdAllocate | kFdFilestatSetSize | kFdFilestatSetTimes | kFdSeek | kFdTell |
                                       kFdFdstatSetFlags | kFdFilestatGet | kPollFdReadwrite;
inline constexpr uint64_t kStream = kFdFdstatSetFlags | kFdFilestatGet | kPollFdReadwrite;
inline constexpr uint64_t kReadDirectory = kPathOpen | kFdReaddir | kPathReadlink | kPathFilestatGet | kFdFilestatGet | kPathLinkSource;
inline constexpr uint64_t kWriteDirectory = kPathCreateDirectory | kPathCreateFile | kPathLinkTarget | kPathRenameSource | kPathRenameTarget |
                                            kPathFilestatSetSize | kPathFilestatSetTimes | kPathSymlink | kPathRemoveDirectory | kPathUnlinkFile |
                                            kFdFilestatSetTimes;
}  // namespace rights

inline constexpr uint32_t kOpenCreate = 1, kOpenDirectory = 2, kOpenExclusive = 4, kOpenTruncate = 8;
inline constexpr uint16_t kAppend = 1, kNonblock = 4, kFdFlagsAll = 31;
inline constexpr uint32_t kSetAccessed = 1, kSetAccessedNow = 2, kSetModified = 4, kSetModifiedNow = 8;

// Whether these times can be meant: none of them twice.
constexpr bool are_set_flags(uint32_t flags) {
    constexpr uint32_t kAccessed = kSetAccessed | kSetAccessedNow, kModified = kSetModified | kSetModifiedNow;
    return (flags & ~(kAccessed | kModified)) == 0 && (flags & kAccessed) != kAccessed && (flags & kModified) != kModified;
}

inline constexpr uint32_t kClockRealtime = 0, kClockMonotonic = 1, kClockProcess = 2, kClockThread = 3;
inline constexpr uint32_t kSeekSet = 0, kSeekCurrent = 1, kSeekEnd = 2;
inline constexpr uint8_t kEventClock = 0, kEventRead = 1, kEventWrite = 2;
inline constexpr uint16_t kClockAbsolute = 1;
inline constexpr uint32_t kAdviceWillNeed = 3, kAdviceMax = 5;

struct Iovec {
    uint32_t address;
    uint32_t length;
};

struct FdStat {
    uint8_t type;
    uint8_t pad0 = 0;
    uint16_t flags;
    uint32_t pad1 = 0;
    uint64_t rights;
    uint64_t inheriting;
};
static_assert(sizeof(FdStat) == 24);

struct FileStat {
    uint64_t device = 0;
    uint64_t inode = 0;
    uint64_t type = 0;  // One byte, then seven of padding.
    uint64_t links = 1;
    uint64_t size = 0;
    uint64_t accessed_ns = 0;
    uint64_t modified_ns = 0;
    uint64_t changed_ns = 0;
};
static_assert(sizeof(FileStat) == 64);

struct PreStat {
    uint32_t tag = 0;  // A directory.
    uint32_t name_length;
};

struct DirEntry {
    uint64_t next;
    uint64_t inode;
    uint32_t name_length;
    uint8_t type;
    uint8_t pad[3] = {};
};
static_assert(sizeof(DirEntry) == 24);

struct Subscription {
    uint64_t user;
    uint8_t tag;
    uint8_t pad[7];
    uint32_t id;  // Of a clock or a descriptor.
    uint32_t pad1;
    uint64_t timeout_ns;
    uint64_t precision_ns;
    uint16_t flags;
    uint8_t pad2[6];
};
static_assert(sizeof(Subscription) == 48);

struct Event {
    uint64_t user = 0;
    uint16_t error = 0;
    uint8_t type = 0;
    uint8_t pad[5] = {};
    uint64_t bytes = 0;
    uint64_t flags = 0;
};
static_assert(sizeof(Event) == 32);

}  // namespace inlay::run::wasi
