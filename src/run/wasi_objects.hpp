// Objects as files: what is there under a name for a WASI program, and what it stages.
//
// What the invocation has staged itself is seen before what is stored. All give an Errno, or kStopGuest where a worker cannot tell and
// the invocation begins again in a lane.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "run/wasi_state.hpp"

namespace inlay::run::wasi {

// Makes the object a source of the invocation. Errors: noent, mfile, io.
int32_t open_object(Invocation& invocation, const ObjectName& name, uint32_t& source);

// Whether that name is to stand for these pages.
bool is_staged(const Invocation& invocation, const ObjectName& name, const os::Pages& pages);

// What has been written to it by descriptors that are still open. nullptr: nothing.
std::shared_ptr<Spool> spool_of(Invocation& invocation, const ObjectName& name);

struct Found {
    enum class Kind { nothing, file, directory };
    Kind kind = Kind::nothing;
    uint64_t size = 0;
    uint64_t modified_ms = 0;
};
// The object, without what is being written to it: a file, or nothing.
int32_t find_content(Invocation& invocation, const ObjectName& name, Found& found);
// And what is being written, and directories.
int32_t look(Invocation& invocation, const Location& location, Found& found);

// What lies right in a directory, sorted, "." and ".." first.
int32_t list(Invocation& invocation, const Location& location, std::vector<Entry>& entries);

// Stages an object, instead of what was staged under its name before. Errors: dquot: the function's `publishes`.
int32_t stage(Invocation& invocation, ObjectName name, Piece content);
// Stages that it is deleted. Errors: noent, dquot.
int32_t unlink(Invocation& invocation, const ObjectName& name);
// Stages the same content under another name, by reference. Errors: noent, dquot, io.
int32_t link(Invocation& invocation, const ObjectName& from, ObjectName to);

// Stages that it has another name, instead of what is there. Requires: it is there. Errors: dquot, io.
int32_t rename(Invocation& invocation, const ObjectName& from, const ObjectName& to);

// Tells one file from others.
uint64_t inode_of(const ObjectName& name);

}  // namespace inlay::run::wasi
