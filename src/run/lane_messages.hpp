// Everything that a worker and a lane say to each other, and its form in bytes.
//
//     worker -> lane:   load            FunctionRecord, Checks + compiled code         once, first
//                       run             Terms, sizes of pages (of body, ring or inputs), Request   then again and again
//                       answer          verdict [+ size, descriptor]                   to open, output and send
//                                       verdict [+ keys, next]       to list
//                                       verdict [+ is new [+ FunctionRecord, descriptor]]  to callee
//                       piece           verdict [+ offset, length in the ring]         of a stream: unasked, at most two ahead
//                       news            id, descriptors [+ Outcome]                    of what was spawned: unasked; no Outcome: it has not begun
//     lane -> worker:   ready                                                          loaded: what it uses from here on is a guest's; once
//                       open            bucket, key                                    while a guest runs; waits
//                       output          bytes                                          the same
//                       list            bucket, prefix, after                          keys of a bucket; waits
//                       receive                                                        takes the next piece, gives back the last; waits
//                       send            Response                                       of a stream: a part of it; waits
//                       callee          name, version that is here, id                 to run it itself; waits
//                       called          CallAccount                                    the latest of these has ended
//                       spawn           Call, CallTerms, whether it must              to run it beside the lane
//                       await                                                          news of these; waits
//                       drop            id                                             of one whose result nobody wants
//                       log             level, text                                    of the latest that has not
//                       outcome_part    a piece of an outcome that is longer than a message
//                       outcome         the rest of it; the lane is free again
//
// Before an outcome's fields stands how much of each object was mapped: how many there are, then number and bytes of each.
//
// Descriptors go to the lane only. What it was given during one run is counted: the pages of body or ring are number 1, if there
// are any, then come the answers in their order. An outcome speaks of ranges in these numbers, so its content stays where it lies.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/wire.hpp"
#include "engine/engine.hpp"
#include "run/call.hpp"
#include "run/outcome.hpp"
#include "run/request.hpp"
#include "run/supply.hpp"
#include "run/terms.hpp"

namespace inlay::run {

enum class LaneMessage : uint64_t { load = 1, run, answer, open, output, log, outcome_part, outcome, piece, receive, send, ready, callee, called, spawn, await, drop, news, list, size, let_go };

// A message of this kind without its fields.
inline WireWriter lane_message(LaneMessage kind) { return std::move(WireWriter().number(static_cast<uint64_t>(kind))); }

// The number of a descriptor, and back: the pages of a number. 0 and nullptr: it has none.
using NumberOf = std::function<uint64_t(int fd)>;
using GivenOf = std::function<std::shared_ptr<const os::Pages>(uint64_t number)>;

void write(WireWriter& to, const KeyPage& page);
void read(WireReader& from, KeyPage& page);

void write(WireWriter& to, const Terms& terms);
void read(WireReader& from, Terms& terms);

// Pages of a body travel beside. The views that are read point into the message.
void write(WireWriter& to, const Request& request, const NumberOf& number_of);
// Requires: `fields` lives as long as the request. True: a stream's, whose ring travels beside. Of damaged inputs the reader is not ok().
bool read(WireReader& from, Request& request, std::vector<HeadField>& fields, const GivenOf& given_of);

void write(WireWriter& to, const Response& response, const NumberOf& number_of);
// Checks everything, as for an outcome. False: a guest cannot have made this.
bool read(WireReader& from, Response& response, const GivenOf& given_of);

void write(WireWriter& to, const Call& call, const NumberOf& number_of);
// Checks that its inputs lie inside of what was given. False: they do not.
bool read(WireReader& from, Call& call, const GivenOf& given_of);
void write(WireWriter& to, const CallTerms& terms);
void read(WireReader& from, CallTerms& terms);

// What a call has used and logged.
struct CallAccount {
    CallAccount() = default;
    explicit CallAccount(const CallEnd& end)
        : cpu_ns(end.outcome.cost.cpu_ns),
          mapped_bytes(end.outcome.cost.mapped_bytes),
          failed(!std::holds_alternative<Completed>(end.outcome.how)),
          log(end.outcome.log) {}

    uint64_t cpu_ns = 0;
    uint64_t mapped_bytes = 0;
    bool failed = false;
    registry::LogLines log;
};
void write(WireWriter& to, const CallAccount& account);
void read(WireReader& from, CallAccount& account);

void write(WireWriter& to, const Outcome& outcome, const NumberOf& number_of);
// Checks everything: ranges lie inside of what was given, fields and names have the form that a guest could have made. A bad
// message leaves the reader not ok().
void read(WireReader& from, Outcome& outcome, const GivenOf& given_of);

}  // namespace inlay::run
