// SQLite's files pass the disk's door too, and a directory that cannot be synced is an error there.
//
// SQLite's own way to files ("unix"), but for what changes the disk. It differs in one thing: when a file comes into being SQLite syncs its
// directory once, later, and ignores it when that fails; a commit in a log file without a durable name would be acknowledged. Here the
// name is durable before the file is used, or the file is not opened.
#pragma once

namespace inlay::store {

// The name of this way, for sqlite3_open_v2; the first call makes it known to SQLite.
const char* disk_door_vfs();

}  // namespace inlay::store
