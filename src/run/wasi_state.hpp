// WASI state: what a program that was built for WASI preview 1 has open, and where what it writes goes.
//
// Descriptors 0, 1 and 2 are the body, the response (of a command; of a function that exports inlay_handle, its log) and the log; from 3
// on come the directories that the deploy gives, each a bucket, or, in calls of path_open, what is opened in them. An object is a file; a key's
// parts before a slash are directories. A file is there, empty, when it is made, and what was written to it becomes a staged object when the last
// of its descriptors is closed; until then they share what was written.
//
// Made by the first call of a WASI function; lives as long as its invocation.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "run/invocation.hpp"
#include "run/wasi_abi.hpp"
#include "run/wasi_spool.hpp"

namespace inlay::run::wasi {

// A directory of a bucket: "" is the bucket itself, else its name without a slash at the end.
struct Location {
    std::string bucket;
    std::string path;
    bool writable = false;

    ObjectName name() const { return {bucket, path}; }
    // What the keys of all that lies in it begin with.
    std::string prefix() const { return path.empty() ? "" : path + "/"; }
};

struct Entry {
    std::string name;
    bool is_directory = false;
};

struct File {
    enum class Kind { input, output, log, object, directory };

    Kind kind = Kind::log;
    uint64_t rights = 0;
    uint64_t inheriting = 0;
    uint16_t flags = 0;
    uint64_t offset = 0;
    std::optional<uint32_t> source;  // Of a body or object, among the invocation's.
    std::shared_ptr<Spool> spool;    // Of an object that has been written: all of its content, for all of its descriptors.
    bool is_unlinked = false;        // Of an object: its name stands for it no more, and it ends with its last descriptor.
    Location location;                     // Of objects and directories.
    std::string guest_name;          // Of a directory that was there from the beginning.
    std::shared_ptr<const std::vector<Entry>> entries;  // Of a directory that is being read.
    std::string line;                // Of a log: what has come of the line that has not ended.

    bool may(uint64_t wanted) const { return (rights & wanted) == wanted; }
};

// Of the directories that a deploy names: "GUEST=BUCKET" or "GUEST=BUCKET:w", each ended by '\0'.
std::vector<std::pair<std::string, Location>> parse_directories(std::string_view text);

class State {
  public:
    explicit State(const Invocation& invocation);

    // nullptr: there is none of this number.
    File* find(uint32_t descriptor);
    // The lowest free number. nullopt: it has kWasiFilesMax.
    std::optional<uint32_t> add(File file);
    // Frees the number. Requires: it is open.
    File remove(uint32_t descriptor);
    // Whether one of them reads this source of the invocation.
    bool holds(uint32_t source) const;
    // Entries of directories that are kept for those who read them.
    size_t entries() const;
    // `to` is what `from` was. Requires: both are open.
    void move(uint32_t from, uint32_t to);
    size_t size() const { return files_.size(); }
    bool has_room() const;
    // What is open of an object. Valid until: a descriptor is added.
    std::vector<File*> find_all(const ObjectName& name);

    // What is written to descriptor 1, in its order.
    std::vector<Piece> response;
    Spool response_end;
    std::optional<uint32_t> exit_code;
    const uint64_t monotonic_begins_ns;      // What its monotonic clock says more than ours.
    bool log_is_full = false;
    std::set<std::string> made_directories;  // "BUCKET/PATH"; at most kWasiDirectoriesMax.

  private:
    std::vector<std::optional<File>> files_;
};

// The invocation's, made where there is none yet.
State& state_of(Invocation& invocation);

// Its program has ended with this code: what is still open is closed, what it wrote to descriptor 1 becomes the response. Errors: function_trapped:
// not all of it can be stored, or its head is none.
Result<> finish(Invocation& invocation, int32_t code);
// What it wrote to descriptor 1, taken away; nothing of a module that is no program.
Response output_of(Invocation& invocation);

// Of what can be read of it.
uint64_t size_of(const Invocation& invocation, const File& file);

// Closes a file: what was written is staged. Gives an Errno.
int32_t close_file(Invocation& invocation, File file);

// Adds text to a log, line by line.
void log_text(Invocation& invocation, File& file, std::string_view text);

}  // namespace inlay::run::wasi
