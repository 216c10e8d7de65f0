// Calls of functions by functions, alone: what it costs to hand pages to another guest and back.
//
//     calls FILE          commands, each answered by the mean nanoseconds of N rounds:
//         noop N               an invocation of a function that does nothing
//         hand N BYTES         a call that is given BYTES of the file, and gives them back untouched
//         sum N BYTES          one guest sums BYTES of the file
//         call-sum N BYTES     another one does, for the guest that has them
//         sums N BYTES         one guest sums them ten times
//         chain N BYTES        ten guests sum them, each given what the one before gave back
//         spawn N CALLS        CALLS of a function that does nothing, spawned and waited for
#include <fmt/format.h>

#include <fcntl.h>

#include <map>

#include "commands.hpp"
#include "run/trial.hpp"

namespace {

using namespace inlay;
using bench::require;

// Maps input 0 and leaves its range at 16; gives its address.
const std::string kInput = R"(
  (func $map_input (result i32)
    (drop (call $call_input (i32.const 0) (i32.const 32)))
    (drop (call $map (i32.load (i32.const 32)) (i64.const 0) (i64.load (i32.const 40)) (i32.const 0) (i32.const 16)))
    (i32.load (i32.const 16)))
  (func $sum (param $at i32) (param $length i32) (result i32)
    (local $end i32) (local $sum v128)
    (local.set $end (i32.add (local.get $at) (local.get $length)))
    (loop $again
      (local.set $sum (i64x2.add (local.get $sum) (v128.load (local.get $at))))
      (local.set $sum (i64x2.add (local.get $sum) (v128.load offset=16 (local.get $at))))
      (local.set $sum (i64x2.add (local.get $sum) (v128.load offset=32 (local.get $at))))
      (local.set $sum (i64x2.add (local.get $sum) (v128.load offset=48 (local.get $at))))
      (local.set $at (i32.add (local.get $at) (i32.const 64)))
      (br_if $again (i32.lt_u (local.get $at) (local.get $end))))
    (i32.wrap_i64 (i64x2.extract_lane 0 (local.get $sum))))
  (data (i32.const 1024) "giver") (data (i32.const 1040) "summer") (data (i32.const 1056) "link") (data (i32.const 1072) "idler")
)";
const std::string kGiveBack = "(drop (call $map_input)) (drop (call $respond (i32.const 16) (i32.const 1))) (i32.const 0)";
const std::string kSum = "(i64.store (i32.const 64) (i64.extend_i32_u (call $sum (call $map_input) (i32.load (i32.const 20))))) (i32.const 0)";
const std::string kLink = "(i64.store (i32.const 64) (i64.extend_i32_u (call $sum (call $map_input) (i32.load (i32.const 20)))))"
                          "(drop (call $respond (i32.const 16) (i32.const 1))) (i32.const 0)";

std::string repeat(uint64_t times, const std::string& body) {
    return fmt::format("(loop $round {} (local.set $n (i32.add (local.get $n) (i32.const 1))) (br_if $round (i32.lt_u (local.get $n) (i32.const {}))))", body, times);
}

// Calls the function whose name lies there, with the window at 16.
std::string call_with_window(int name, int length) {
    return fmt::format("(if (call $call (i32.const {}) (i32.const {}) (i32.const 0) (i32.const 0) (i32.const 16) (i32.const 1) (i32.const 128)) (then unreachable))",
                       name, length);
}
const std::string kSumHere = "(drop (call $sum (i32.load (i32.const 16)) (i32.load (i32.const 20))))";
const std::string kTakeResult = "(drop (call $map (i32.load (i32.const 140)) (i64.const 0) (i64.load (i32.const 152)) (i32.const 0) (i32.const 48)))";
const std::string kLetGo = "(drop (call $unmap (i32.load (i32.const 48)))) (drop (call $close (i32.load (i32.const 140))))";

class Bench {
  public:
    explicit Bench(const char* path) {
        file_ = os::Fd(::open(path, O_RDONLY | O_CLOEXEC));
        require(static_cast<bool>(file_), path);
        trial_.limits.timeout_ms = kTimeoutMsMax;
        for (const auto& [name, body] : {std::pair("giver", kGiveBack), {"summer", kSum}, {"link", kLink}, {"idler", std::string("(i32.const 0)")}})
            trial_.add_function(name, body, kInput).record.limits.timeout_ms = kTimeoutMsMax;
    }

    uint64_t noop(uint64_t rounds) {
        auto program = program_of("(i32.const 0)");
        uint64_t began_ns = monotonic_ns();
        for (uint64_t i = 0; i < rounds; i++) require(std::holds_alternative<run::Completed>(trial_.run_program(program).how), "a no-op");
        return (monotonic_ns() - began_ns) / rounds;
    }

    // Of a guest that has BYTES of the file as its input, and does this so often: its own time, per round.
    uint64_t root(const std::string& body, uint64_t rounds, uint64_t bytes) {
        const std::string all = fmt::format("(func $root (local $n i32) (local $k i32) (drop (call $map_input)) (i32.store (i32.const 20) (i32.const {})) {})",
                                            bytes, repeat(rounds, body));
        trial_.request.is_call = true;
        run::Piece piece;
        piece.pages = std::make_shared<const os::Pages>(os::duplicate(file_.get()), std::max<uint64_t>(bytes, kMapThresholdBytes), os::Pages::Home::memory);
        piece.length = piece.pages->size();
        trial_.request.inputs = {piece};
        auto outcome = trial_.run_program(program_of("(call $root) (i32.const 0)", all));
        trial_.request = {};
        require(std::holds_alternative<run::Completed>(outcome.how), "a call");
        require(bytes < kMapThresholdBytes || outcome.cost.copied.total() == 0, "nothing is copied");
        return outcome.cost.run_us * 1000 / rounds;
    }

  private:
    std::shared_ptr<const engine::Program> program_of(const std::string& body, const std::string& more = "") {
        auto& program = programs_[body + more];
        if (!program) program = run::workshop().program(engine::guest(body, run::all_imports() + kInput + more));
        return program;
    }

    os::Fd file_;
    run::Trial trial_;
    std::map<std::string, std::shared_ptr<const engine::Program>> programs_;
};

}  // namespace

int main(int argc, char** argv) {
    require(argc == 2, "usage: calls FILE");
    Bench measured(argv[1]);
    auto rooted = [&](std::string body) {
        return [&measured, body = std::move(body)](uint64_t rounds, uint64_t bytes) { return std::to_string(measured.root(body, rounds, bytes)); };
    };
    std::string sums, chain;
    for (int i = 0; i < 10; i++) {
        sums += kSumHere;
        // The result lies at 48 and is the next one's input.
        chain += call_with_window(1056, 4) + kTakeResult + "(drop (call $unmap (i32.load (i32.const 16)))) (i64.store (i32.const 16) (i64.load (i32.const 48)))";
    }
    auto spawn = [&](uint64_t rounds, uint64_t calls) {
        auto body = fmt::format(
            "(local.set $k (i32.const 0)) (loop $more (drop (call $spawn (i32.const 1072) (i32.const 5) (i32.const 0) (i32.const 0) (i32.const 16) (i32.const 0)))"
            "(local.set $k (i32.add (local.get $k) (i32.const 1))) (br_if $more (i32.lt_u (local.get $k) (i32.const {}))))"
            "(loop $wait (br_if $wait (i32.ge_s (call $wait_any (i32.const 0) (i32.const 0) (i32.const 128)) (i32.const 0))))", calls);
        return std::to_string(measured.root(body, rounds, 64));
    };
    bench::serve_commands({{"noop", [&](uint64_t rounds, uint64_t) { return std::to_string(measured.noop(rounds)); }},
                           {"hand", rooted(call_with_window(1024, 5) + kTakeResult + kLetGo)},
                           {"sum", rooted(kSumHere)},
                           {"call-sum", rooted(call_with_window(1040, 6))},
                           {"sums", rooted(sums)},
                           {"chain", rooted(chain)},
                           {"spawn", spawn}});
}
