// One function per figure; ours and native take turns, and the median of each counts.
#include "app/cli_doctor_bench.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <nlohmann/json.hpp>

#include "app/cli_bench_server.hpp"
#include "app/cli_failure.hpp"
#include "base/clock.hpp"
#include "base/limits.hpp"
#include "os/aligned_view.hpp"
#include "os/file.hpp"
#include "os/huge_pages.hpp"
#include "os/machine.hpp"

namespace inlay::cli {
namespace {

constexpr uint64_t kObjectBytes = 256 * MiB;
constexpr uint64_t kWindowBytes = 64 * MiB;
constexpr uint64_t kPutBytes = 64 * MiB;
constexpr int kRounds = 3;                // Fewer than make an object worth promoting.
constexpr uint64_t kExchangesMs = 500;
constexpr int kWindows = 2'000;
constexpr uint64_t kPromotionMs = 5'000;
constexpr std::string_view kNoop = "GET /f/noop HTTP/1.1\r\nHost: bench\r\n\r\n";

constexpr std::string_view kNoopText = R"((module (memory (export "memory") 1) (func (export "inlay_handle") (result i32) (i32.const 0))))";

// The source of bench/object is at 32, its length at 40; a window's range goes to 64.
constexpr std::string_view kHead = R"((module
  (import "inlay" "open" (func $open (param i32 i32 i32) (result i32)))
  (import "inlay" "map" (func $map (param i32 i64 i64 i32 i32) (result i32)))
  (import "inlay" "unmap" (func $unmap (param i32) (result i32)))
  (import "inlay" "clock" (func $clock (param i32 i32) (result i32)))
  (import "inlay" "respond" (func $respond (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "bench/object")
  (func $window (param $length i64) (result i32)
    (if (call $map (i32.load (i32.const 32)) (i64.const 0) (local.get $length) (i32.const 0) (i32.const 64)) (then unreachable))
    (i32.load (i32.const 64)))
  (func $answer (param i64) (result i32)
    (i64.store (i32.const 80) (local.get 0))
    (i32.store (i32.const 96) (i32.const 80))
    (i32.store (i32.const 100) (i32.const 8))
    (call $respond (i32.const 96) (i32.const 1)))
)";

constexpr std::string_view kSumBody = R"((func (export "inlay_handle") (result i32)
    (local $at i32) (local $end i32) (local $a v128) (local $b v128)
    (if (call $open (i32.const 0) (i32.const 12) (i32.const 32)) (then unreachable))
    (local.set $end (i32.add (local.tee $at (call $window (i64.load (i32.const 40)))) (i32.wrap_i64 (i64.load (i32.const 40)))))
    (loop $more
      (local.set $a (i64x2.add (local.get $a) (v128.load (local.get $at))))
      (local.set $b (i64x2.add (local.get $b) (v128.load offset=16 (local.get $at))))
      (local.set $a (i64x2.add (local.get $a) (v128.load offset=32 (local.get $at))))
      (local.set $b (i64x2.add (local.get $b) (v128.load offset=48 (local.get $at))))
      (br_if $more (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 64))) (local.get $end))))
    (local.set $a (i64x2.add (local.get $a) (local.get $b)))
    (call $answer (i64.add (i64x2.extract_lane 0 (local.get $a)) (i64x2.extract_lane 1 (local.get $a))))))";

// Answers with the nanoseconds that so many windows took.
std::string windows_text() {
    return std::string(kHead) + fmt::format(R"((func (export "inlay_handle") (result i32)
    (local $left i32)
    (if (call $open (i32.const 0) (i32.const 12) (i32.const 32)) (then unreachable))
    (local.set $left (i32.const {}))
    (drop (call $clock (i32.const 1) (i32.const 48)))
    (loop $more
      (drop (call $unmap (call $window (i64.const {}))))
      (br_if $more (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (drop (call $clock (i32.const 1) (i32.const 56)))
    (call $answer (i64.sub (i64.load (i32.const 56)) (i64.load (i32.const 48))))))", kWindows, kWindowBytes);
}

uint64_t number_in(const std::string& bytes) {
    uint64_t number = 0;
    if (bytes.size() == sizeof number) std::memcpy(&number, bytes.data(), sizeof number);
    return number;
}

double ms_of(const std::function<void()>& work) {
    uint64_t begin_ns = monotonic_ns();
    work();
    return static_cast<double>(monotonic_ns() - begin_ns) / 1e6;
}

double median(std::vector<double> values) {
    std::nth_element(values.begin(), values.begin() + static_cast<ptrdiff_t>(values.size() / 2), values.end());
    return values[values.size() / 2];
}

Figure take_turns(Figure figure, const std::function<double()>& ours, const std::function<double()>& native) {
    std::vector<double> of_ours, of_native;
    for (int round = 0; round < kRounds; round++) {
        of_ours.push_back(ours());
        of_native.push_back(native());
    }
    figure.ours = median(of_ours);
    figure.native = median(of_native);
    return figure;
}

// Content of words that are told apart, as it is sent and as it is added up.
class Words : public ContentSource {
  public:
    explicit Words(uint64_t size) : left_(size) {}
    std::optional<uint64_t> size_bytes() const override { return left_; }
    size_t read(std::span<char> to) override {
        size_t bytes = std::min<uint64_t>(to.size() / sizeof next_ * sizeof next_, left_);
        for (size_t at = 0; at < bytes; at += sizeof next_, next_ += 0x9e3779b97f4a7c15u) std::memcpy(to.data() + at, &next_, sizeof next_);
        left_ -= bytes;
        return bytes;
    }

  private:
    uint64_t left_;
    uint64_t next_ = 1;
};

uint64_t native_sum(int fd) {
    auto view = need(os::AlignedView::create(fd, kObjectBytes, os::Access::read, os::Sharing::shared));
    view.want_huge_pages();
    const auto* words = reinterpret_cast<const uint64_t*>(view.data());
    uint64_t sum = 0;
    for (size_t i = 0; i < kObjectBytes / sizeof *words; i++) sum += words[i];
    return sum;
}

Figure noop(const BenchServer& server) {
    LoopbackEcho echo(answer_of(server.port(), kNoop));
    return take_turns({"no-op, one connection", "requests/s", "the same bytes echoed over loopback", 0, 0, true},
                      [&] { return exchanges_per_second(server.port(), kNoop, kExchangesMs); },
                      [&] { return exchanges_per_second(echo.port(), kNoop, kExchangesMs); });
}

// `file`: the pages that the native sum goes over.
Figure sum(const BenchServer& server, std::string name, int file) {
    uint64_t wanted = native_sum(file);
    auto check = [wanted](uint64_t sum) {
        if (sum != wanted) throw client_failure("wrong-sum", {"Two sums of the same words differ", "this machine, or Inlay, is broken"});
    };
    return take_turns({std::move(name), "ms", "mmap of the same pages, summed, unmapped"},
                      [&] { return ms_of([&] { check(number_in(server.invoke("sum"))); }); }, [&] { return ms_of([&] { check(native_sum(file)); }); });
}

bool is_hot(const BenchServer& server) {
    return server.client().ask({"GET", object_target("bench", "object") + "?pages=1"}).at("pages").at("hot").get<bool>();
}

// Until the server has moved what is summed again and again into huge pages, as it does for anybody.
Figure huge_sum(const BenchServer& server, const os::Fd& file) {
    std::string name = "sum of 256 MiB, warm, 2 MiB pages";
    Figure missing{.name = name, .unit = "ms", .native_is = "", .missing = "not given here: see `inlay doctor`"};
    if (!os::gives_huge_memfds()) return missing;
    for (uint64_t until_ms = coarse_ms() + kPromotionMs; !is_hot(server);) {
        if (coarse_ms() > until_ms) return missing;
        server.invoke("sum");
    }
    auto copy = os::copy_into_huge_pages("inlay-bench", file.get(), kObjectBytes, {});
    return copy.ok() ? sum(server, name, copy->get()) : missing;
}

Figure windows(const BenchServer& server, const os::Fd& file) {
    auto native = [&] {
        auto view = need(os::AlignedView::create(file.get(), kWindowBytes, os::Access::read, os::Sharing::shared));
        return 1000 / static_cast<double>(kWindows) * ms_of([&] {
            for (int i = 0; i < kWindows; i++) {
                need(os::place_file(view.data(), {file.get(), 0, kWindowBytes}, os::Access::read, os::Sharing::private_));
                need(os::place_zero(view.data(), kWindowBytes));
            }
        });
    };
    return take_turns({"window of 64 MiB, mapped and unmapped", "us", "mmap over reserved addresses, and back"},
                      [&] { return static_cast<double>(number_in(server.invoke("windows"))) / 1e3 / kWindows; }, native);
}

Figure durable_put(const BenchServer& server) {
    std::string content(kPutBytes, '\0');
    Words(kPutBytes).read(content);
    auto directory = need(os::open_directory(server.directory()));
    auto ours = [&] {
        TextSource body(content);
        server.client().ask({"PUT", object_target("bench", "put"), {}, &body});
    };
    auto native = [&] {
        auto file = need(os::create_unnamed(directory.get()));
        need(os::write_all(file.get(), content));
        need(os::sync(file.get()));
    };
    return take_turns({"PUT of 64 MiB, durable", "ms", "write and fsync of a file, nothing received"}, [&] { return ms_of(ours); },
                      [&] { return ms_of(native); });
}

}  // namespace

std::vector<Figure> measure_machine(const std::string& parent) {
    BenchServer server(parent);
    server.deploy("noop", "express", std::string(kNoopText));
    server.deploy("sum", "heavy", std::string(kHead) + std::string(kSumBody) + ")");
    server.deploy("windows", "heavy", windows_text() + ")");
    Words object(kObjectBytes);
    server.client().ask({"PUT", object_target("bench", "object"), {}, &object});
    auto file = server.object_file("bench", "object");
    std::vector<Figure> figures{noop(server)};
    need(os::lay_in_small_pages(file.get(), kObjectBytes));
    figures.push_back(sum(server, "sum of 256 MiB, warm, small pages", file.get()));
    figures.push_back(huge_sum(server, file));
    figures.push_back(windows(server, file));  // Only now: it maps more than anybody who is worth a promotion.
    figures.push_back(durable_put(server));
    return figures;
}

}  // namespace inlay::cli
