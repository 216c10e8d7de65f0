// The table of counters and its text form.
#include "base/metrics.hpp"

#include <fmt/format.h>

#include <string_view>

namespace inlay {
namespace {

struct CounterTraits {
    std::string_view name;    // Rows with the same name stand together and differ by their label.
    std::string_view label;
    std::string_view kind;
    std::string_view help;
};

constexpr std::array<CounterTraits, static_cast<size_t>(Counter::count_)> kTraits{{
    {"inlay_connections_open", "", "gauge", "Client connections open now"},
    {"inlay_connections_total", "", "counter", "Client connections accepted"},
    {"inlay_connections_refused_total", "", "counter", "Client connections turned away at a limit"},
    {"inlay_connections_ended_idle_total", "", "counter", "Client connections ended while they waited, for new ones"},
    {"inlay_requests_total", "kind=\"invoke\"", "counter", "Requests by kind"},
    {"inlay_requests_total", "kind=\"object\"", "counter", ""},
    {"inlay_requests_total", "kind=\"control\"", "counter", ""},
    {"inlay_requests_total", "kind=\"bad\"", "counter", ""},
    {"inlay_responses_total", "class=\"2xx\"", "counter", "Responses by status class"},
    {"inlay_responses_total", "class=\"3xx\"", "counter", ""},
    {"inlay_responses_total", "class=\"4xx\"", "counter", ""},
    {"inlay_responses_total", "class=\"5xx\"", "counter", ""},
    {"inlay_received_bytes_total", "", "counter", "Body bytes received"},
    {"inlay_sent_bytes_total", "", "counter", "Response bytes sent, heads included"},
    {"inlay_sent_by_file_bytes_total", "", "counter", "Of them by sendfile"},
    {"inlay_invocations_total", "outcome=\"completed\"", "counter", "Invocations by outcome"},
    {"inlay_invocations_total", "outcome=\"failed\"", "counter", ""},
    {"inlay_invocations_total", "outcome=\"trapped\"", "counter", ""},
    {"inlay_invocations_total", "outcome=\"timed_out\"", "counter", ""},
    {"inlay_invocations_total", "outcome=\"refused\"", "counter", ""},
    {"inlay_mapped_bytes_total", "", "counter", "Bytes of windows mapped into functions"},
    {"inlay_copied_bytes_total", "reason=\"body_head\"", "counter", "Content bytes copied by the CPU, by reason"},
    {"inlay_copied_bytes_total", "reason=\"small\"", "counter", ""},
    {"inlay_copied_bytes_total", "reason=\"heap\"", "counter", ""},
    {"inlay_copied_bytes_total", "reason=\"fallback\"", "counter", ""},
    {"inlay_copied_bytes_total", "reason=\"wasi\"", "counter", ""},
    {"inlay_copied_bytes_total", "reason=\"promotion\"", "counter", ""},
    {"inlay_instantiate_microseconds_total", "", "counter", "Time spent making instances"},
    {"inlay_run_microseconds_total", "", "counter", "Time spent running functions"},
    {"inlay_log_lines_dropped_total", "", "counter", "Log lines beyond a limit"},
    {"inlay_lookups_total", "", "counter", "Names looked up at the supervisor"},
    {"inlay_worker_deaths_total", "", "counter", "Workers that ended without being asked to"},
    {"inlay_objects_put_total", "", "counter", "Objects stored"},
    {"inlay_objects_deleted_total", "", "counter", "Objects deleted"},
    {"inlay_functions_deployed_total", "", "counter", "Functions deployed"},
    {"inlay_commits_total", "", "counter", "Catalog transactions"},
    {"inlay_storage_failures_total", "", "counter", "1 since the disk failed to make a change durable: nothing is stored until a restart"},
    {"inlay_express_overruns_total", "", "counter", "Invocations that began again in a lane"},
    {"inlay_express_lost_microseconds_total", "", "counter", "Time that workers lost by that"},
    {"inlay_probation_waits_total", "", "counter", "Invocations that might overrun and waited for their turn in a worker"},
    {"inlay_invocations_over_limit_total", "", "counter", "Invocations refused at their function's rate or concurrency"},
    {"inlay_calls_total", "", "counter", "Calls of a function by another one"},
    {"inlay_pipeline_runs_total", "", "counter", "Invocations of pipelines"},
    {"inlay_pipeline_retries_total", "", "counter", "Calls of their steps that were made again"},
    {"inlay_traces_total", "", "counter", "Requests that were traced"},
    {"inlay_lane_invocations_total", "", "counter", "Invocations that ran in a lane"},
    {"inlay_lanes_started_total", "", "counter", "Lanes started"},
    {"inlay_lanes_lost_total", "", "counter", "Lanes that ended without being asked to"},
    {"inlay_disk_waits_total", "", "counter", "Times that content was brought into memory from disk, aside"},
    {"inlay_hot_bytes", "", "gauge", "Objects kept in memory beside their files"},
    {"inlay_hot_promotions_total", "", "counter", "Objects that were kept in memory since"},
    {"inlay_hot_demotions_total", "", "counter", "Objects that were not kept in memory any longer"},
    {"inlay_hot_sheds_total", "", "counter", "Of them for want of memory"},
    {"inlay_huge_promotions_total", "", "counter", "Objects that were copied into huge pages"},
    {"inlay_streams_open", "", "gauge", "Streams that go on now"},
    {"inlay_streams_total", "", "counter", "Requests whose body and response went piece by piece"},
    {"inlay_streams_ended_total", "how=\"completed\"", "counter", "Of them, those that came to their end, by whether their client has all of it"},
    {"inlay_streams_ended_total", "how=\"broken\"", "counter", ""},
    {"inlay_streams_waiting", "", "gauge", "Streams whose function waits for its client now"},
    {"inlay_stream_received_bytes_total", "", "counter", "Content bytes that streams received"},
    {"inlay_stream_sent_bytes_total", "", "counter", "Content bytes that streams sent"},
}};

}  // namespace

std::string format_metrics(std::span<const CounterBlock> blocks) {
    std::string text;
    std::string_view previous;
    for (size_t i = 0; i < kTraits.size(); i++) {
        const auto& row = kTraits[i];
        uint64_t sum = 0;
        for (const auto& block : blocks) sum += block.get(static_cast<Counter>(i));
        if (row.name != previous) text += fmt::format("# HELP {} {}\n# TYPE {} {}\n", row.name, row.help, row.name, row.kind);
        previous = row.name;
        text += row.label.empty() ? fmt::format("{} {}\n", row.name, sum) : fmt::format("{}{{{}}} {}\n", row.name, row.label, sum);
    }
    return text;
}

}  // namespace inlay
