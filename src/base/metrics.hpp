// Counters that outlive the process that counted: blocks of atomic integers in memory shared by all our processes.
//
// Each process writes its own block; /metrics adds them up. Names and labels stand in one table.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <span>
#include <string>

namespace inlay {

enum class Counter : uint16_t {
    connections_open,
    connections_total,
    connections_refused,
    connections_ended_idle,
    requests_invoke,
    requests_object,
    requests_control,
    requests_bad,
    responses_2xx,
    responses_3xx,
    responses_4xx,
    responses_5xx,
    bytes_received,
    bytes_sent,
    bytes_sent_by_file,
    invocations_completed,
    invocations_failed,
    invocations_trapped,
    invocations_timed_out,
    invocations_refused,
    mapped_bytes,
    copied_bytes_body_head,
    copied_bytes_small,
    copied_bytes_heap,
    copied_bytes_fallback,
    copied_bytes_wasi,
    copied_bytes_promotion,
    instantiate_us,
    run_us,
    log_lines_dropped,
    lookups_total,
    worker_deaths,
    objects_put,
    objects_deleted,
    functions_deployed,
    commits_total,
    storage_failed,
    express_overruns,
    express_lost_us,
    probation_waits,
    invocations_over_limit,
    calls,
    pipeline_runs,
    pipeline_retries,
    traces,
    lane_invocations,
    lanes_started,
    lanes_lost,
    disk_waits,
    hot_bytes,
    hot_promotions,
    hot_demotions,
    hot_sheds,
    huge_promotions,
    streams_open,
    streams_total,
    streams_completed,
    streams_broken,
    streams_waiting,
    stream_bytes_received,
    stream_bytes_sent,
    count_,
};

// One process's counters; all zero is a valid beginning.
struct CounterBlock {
    std::array<std::atomic<uint64_t>, static_cast<size_t>(Counter::count_)> values;

    // For the one thread that writes this block: no locked instruction. Others read at any time.
    void add(Counter counter, uint64_t n = 1) noexcept {
        auto& value = values[static_cast<size_t>(counter)];
        value.store(value.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
    }
    void subtract(Counter counter, uint64_t n = 1) noexcept { add(counter, -n); }
    // For a block that several threads write.
    void add_shared(Counter counter, uint64_t n = 1) noexcept {
        values[static_cast<size_t>(counter)].fetch_add(n, std::memory_order_relaxed);
    }
    // For gauges of a process that died.
    void clear(Counter counter) noexcept { values[static_cast<size_t>(counter)].store(0, std::memory_order_relaxed); }
    uint64_t get(Counter counter) const noexcept {
        return values[static_cast<size_t>(counter)].load(std::memory_order_relaxed);
    }
};

// The sum over all blocks in Prometheus' text format 0.0.4
// (https://prometheus.io/docs/instrumenting/exposition_formats/).
std::string format_metrics(std::span<const CounterBlock> blocks);

}  // namespace inlay
