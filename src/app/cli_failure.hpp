// What went wrong with a client command, as people read it and as programs read it.
//
// A client command is one straight road: connect, send, receive, print. Whatever ends it early is thrown as a Failure and
// caught in one place, client_main, which prints it and picks the exit code. (Off the data path; nothing else throws.)
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/result.hpp"

namespace inlay::cli {

inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;     // The function or the request failed.
inline constexpr int kExitWrongUse = 2;   // The command line, or a file it names, is not usable.

struct Failure : std::exception {
    std::string type;          // "urn:inlay:problem:NAME" from a server, "urn:inlay:client:NAME" from us.
    std::string title;         // What happened.
    unsigned status = 0;       // The HTTP status; 0: no answer was involved.
    std::string detail;        // To which thing.
    std::string next_step;     // What to do now; may be empty.
    int exit_code = kExitFailed;

    const char* what() const noexcept override { return title.c_str(); }
};

// Thrown when a signal ended the command: what was begun is cleaned up, then the process dies of that signal.
struct Interrupted {
    int signal;
};

struct FailureText {
    std::string title;
    std::string detail;
    std::string next_step = {};
};

// A failure of our own side. `name` ends the type.
Failure client_failure(std::string_view name, FailureText text);
// The command line asks for something that cannot be: exit code 2.
Failure wrong_use(std::string detail, std::string next_step);
// What a server answered instead of success. Problem documents (RFC 9457) are taken over, other bodies quoted.
Failure answered_failure(unsigned status, std::string_view reason, std::string_view body);

// What a server would have answered for this error.
Failure problem_failure(const Error& error);
// The value; an error is thrown as such.
template <class T>
T need(Result<T> result) {
    if (!result.ok()) throw problem_failure(result.error());
    if constexpr (!std::is_void_v<T>) return std::move(result).value();
}

// "inlay: WHAT (detail). NEXT STEP", without a newline, safe to show on a terminal.
std::string failure_line(const Failure& failure);
// {"error":{"type","title","status","detail"}}; status is null where there was no answer.
std::string failure_json(const Failure& failure);

}  // namespace inlay::cli
