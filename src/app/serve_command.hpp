// The long-running modes of the program: serve, and the hidden ones of its children.
#pragma once

namespace inlay {

// `inlay serve ...`: returns when drained. Exit code: 0 drained, 1 could not serve, 2 wrong use.
int serve_main(int argc, char** argv);

// `inlay worker FD...`: started by the supervisor only.
int worker_main(int argc, char** argv);

// `inlay lane FD`: started by the supervisor only, for a worker at the other end of this channel.
int lane_main(int argc, char** argv);

// `inlay compile MODULE_FD OUTPUT_FD MODULE_BYTES MEMORY_BYTES CHECKS`: started by the supervisor only. Exit code: 0 the output
// is compiled code, 3 the output is the reason why there is none. `inlay inspect-module` with the same: the output says what the module is.
int compile_main(int argc, char** argv);

}  // namespace inlay
