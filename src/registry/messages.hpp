// Everything that supervisor and workers say to each other, and its form in bytes.
//
//     question: number(id) number(Call) fields...                            worker -> supervisor
//     answer:   number(id) number(0) fields...  or  number(id) number(1) number(Errc) bytes(detail)
//
// Fields are those of base/wire.hpp, in the order of the structures below. Descriptors travel beside, in the order of use.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/names.hpp"
#include "base/result.hpp"
#include "base/wire.hpp"
#include "os/channel.hpp"
#include "store/records.hpp"

namespace inlay::registry {

// The id of an answer to no question: names have changed, look at the feed. Questions count from 1.
inline constexpr uint64_t kChangesId = 0;
// Another such: the linked object of the version that follows is about to be written. Let go of it.
inline constexpr uint64_t kLinkBrokenId = UINT64_MAX;

enum class Call : uint64_t {
    find_object = 1,   // bucket, key              -> ObjectRecord, 1: in memory + descriptor of its file or memfd
    find_function,     // name                     -> FunctionRecord, its account + descriptor of the compiled module
    commit,            // Effects                  -> CommitAnswer
    deploy,            // FunctionRecord + module  -> JSON
    remove_function,   // name                     -> nothing
    describe,          // Listing                  -> JSON
    append_log,        // LogLines                 -> nothing, and no answer is sent
    refuse_compiled,   // name, version, Checks    -> nothing: compile it again
    start_lane,        // + a channel's end        -> its pid + descriptor of the process
    get_unchecked,     // name, version, 1: waits  -> nothing + descriptor of its code without epoch checks
    let_go,            // version                  -> nothing: one find_object's linked object is not read any more
    link_file,         // bucket, key, type + file -> JSON; of the client beside the data directory, not of a worker
    begin_content,     // ContentBegin + pages     -> nothing, when the disk has room for it
    write_content,     // number, bytes that have come -> nothing, when all whole pages of them are written
    read_content,      // number, its length       -> nothing + descriptor of all of it
    drop_content,      // number                   -> nothing
    note_use,          // bucket, key, version     -> nothing, and no answer is sent: functions map it again and again
    note_trace,        // Trace                    -> nothing, and no answer is sent
};

// Where the content of a new object comes from.
enum class ContentKind : uint64_t {
    inline_bytes = 1,  // In the message.
    pages,             // [0, length) of a descriptor: a memfd or an object's file.
    begun,             // Content that was begun before it had arrived whole.
};

// One staged effect: put an object, or delete one.
struct Effect {
    bool is_delete = false;
    ObjectName name;
    std::string content_type;
    store::Precondition precondition;
    ContentKind kind = ContentKind::inline_bytes;
    std::string inline_bytes;
    uint64_t length = 0;       // Of the content.
    int fd = -1;               // pages: borrowed when sent; an index into the message's descriptors when received.
    uint64_t begun = 0;        // begun: its number, chosen by the worker.
};

// Content that is written to a file while it arrives. Byte I of it lies at I modulo `ring_bytes` of the pages that come with this.
struct ContentBegin {
    uint64_t number = 0;      // Chosen by the worker.
    uint64_t expected = 0;    // Its length; 0: not known.
    uint64_t ring_bytes = 0;  // Whole pages.
    std::string owner;        // The function that is to read it; empty: it is only stored.
};

struct CommitAnswer {
    struct One {
        bool created = false;  // Not replaced.
        std::string version;   // Empty for a delete.
    };
    std::vector<One> effects;
    uint64_t copied_bytes = 0;
};

enum class ListingKind : uint64_t { buckets = 1, objects, functions, function, log, function_metrics, traces, trace };

struct Listing {
    ListingKind kind = ListingKind::buckets;
    std::string name;      // Bucket, function or trace.
    std::string prefix;
    std::string after;     // Key, or sequence number of a log line.
    uint64_t limit = 0;
};

struct LogLines {
    struct Line {
        uint64_t level = 0;
        std::string text;
    };
    std::string function;
    std::string invocation;
    std::string trace;  // Empty: it is not traced.
    std::vector<Line> lines;
};

void write(WireWriter& to, const store::ObjectRecord& record);
void write(WireWriter& to, const store::FunctionRecord& record);
void write(WireWriter& to, const Listing& listing);
void write(WireWriter& to, const LogLines& lines);
void write(WireWriter& to, const CommitAnswer& answer);
void write(WireWriter& to, const ContentBegin& begin);
// Appends the descriptors to send to `fds`.
void write(WireWriter& to, const std::vector<Effect>& effects, std::vector<int>& fds);

// Reading checks form and bounds; names are checked by whoever uses them. A bad message leaves the reader not ok().
void read(WireReader& from, store::ObjectRecord& record);
void read(WireReader& from, store::FunctionRecord& record);
void read(WireReader& from, Listing& listing);
void read(WireReader& from, LogLines& lines);
void read(WireReader& from, CommitAnswer& answer);
void read(WireReader& from, ContentBegin& begin);
// `fds` is how many descriptors came with the message: each is used at most once, in order.
void read(WireReader& from, std::vector<Effect>& effects, size_t fds);

// What a message that cannot be read ends with.
inline Error damaged_message() { return Error{Errc::bad_request, "a message between our processes is damaged"}; }

// The head of every question and answer.
inline WireWriter question(uint64_t id, Call call) { return std::move(WireWriter().number(id).number(static_cast<uint64_t>(call))); }
inline WireWriter answer(uint64_t id) { return std::move(WireWriter().number(id).number(0)); }
inline std::string answer(uint64_t id, const Error& error) {
    return WireWriter().number(id).number(1).number(static_cast<uint64_t>(error.code)).bytes(error.detail).take();
}
// Reads what follows an answer's id: the error it carries, or nothing.
Result<> read_verdict(WireReader& from);

}  // namespace inlay::registry
