// Every bound in the system, in one table. Sizes are bytes unless the name says otherwise.
//
// A test reaches each of these; docs/limits.md is checked against this file by tools/tidy.
#pragma once

#include <cstddef>
#include <cstdint>

namespace inlay {

inline constexpr size_t KiB = 1024;
inline constexpr size_t MiB = 1024 * KiB;
inline constexpr size_t GiB = 1024 * MiB;

// HTTP, server side.
inline constexpr size_t kHeadBytesMax = 16 * KiB;         // Request line and fields; also a connection's buffer.
inline constexpr size_t kHeadFieldsMax = 100;             // Fields in one head.
inline constexpr size_t kChunkLineBytesMax = 256;         // One chunk-size line with its extensions.
inline constexpr size_t kTrailerBytesMax = 4 * KiB;       // All trailer fields of one chunked body.
inline constexpr uint64_t kBodyBytesMaxDefault = 1 * GiB; // `max_body`.
inline constexpr size_t kConnectionsPerWorkerMax = 10'000; // `connections` counts those of all workers.
inline constexpr size_t kConnectionDescriptorShare = 2;   // One part in so many of a worker's descriptors is for connections.
inline constexpr uint64_t kConnectionMemoryShare = 8;     // One part in so many of the memory that there is, is for connections, of
inline constexpr uint64_t kConnectionBytes = 48 * KiB;    // so much each: a head, a small body, the head of a reply.
inline constexpr size_t kAddressShare = 2;                // One address has one part in so many of all connections, unless `connections_per_address` says so.
inline constexpr size_t kAddressPlaces = 16 * KiB;        // Addresses are told apart by a hash of so many values.
inline constexpr uint64_t kRequestsPerConnectionMax = 1'000'000; // `requests_per_connection`; then it is closed in good order.
inline constexpr uint64_t kHeadTimeoutMs = 10'000;        // From a request's first byte to the end of its head (`head_timeout_ms`).
inline constexpr uint64_t kIdleTimeoutMs = 60'000;        // Between requests of one connection (`idle_timeout_ms`).
inline constexpr uint64_t kStallTimeoutMs = 30'000;       // Waited for a client, before it is looked at how much of a body or a response it moved (`stall_timeout_ms`):
inline constexpr uint64_t kClientRateMin = 500;           // so many bytes for each second of that, and one byte at least (`client_rate_min`),
inline constexpr uint64_t kClientRateMinMax = 1 * GiB;    // which can be set up to this.
inline constexpr uint64_t kStallTimeoutsMax = 10;         // So many times as long for a reader whose buffer is large: it acknowledges in large steps.
inline constexpr uint64_t kClientTimeoutMsMax = 24 * 3600'000; // The longest that these timeouts can be set to.
inline constexpr uint64_t kDrainTimeoutMs = 30'000;       // For in-flight requests after SIGTERM.

// Names.
inline constexpr size_t kNameBytesMax = 255;              // Buckets, functions.
inline constexpr size_t kKeyBytesMax = 1024;
inline constexpr size_t kContentTypeBytesMax = 255;
inline constexpr size_t kListKeysMax = 1000;              // Keys in one listing page.

// The data path.
inline constexpr size_t kMapThresholdBytes = 16 * KiB;    // From here on content is mapped, below it is copied.
inline constexpr size_t kHeapRangeCopyMax = 64 * KiB;     // Response bytes from a guest's own heap: copied up to here, beyond into a memfd.
inline constexpr size_t kBodiesKeptMax = 64;              // Pages of bodies that one worker keeps for the next ones; in bytes half of `body_memory`.
inline constexpr uint64_t kBodyKeptMs = 10'000;           // How long it keeps them after the latest body.
inline constexpr uint64_t kBodyMemoryMachineShare = 4;    // `body_memory` of all workers, if it is not given: one part in so many of the memory that there is,
inline constexpr uint64_t kBodyMemoryBytesMin = 16 * MiB; // but so much for each worker.
inline constexpr uint64_t kBodyMemoryShare = 2;           // One body, and all bodies of one function, have one part in so many of `body_memory`.
inline constexpr uint64_t kBodyRingBytes = 32 * MiB;      // Memory that a body too large to lie there goes through on its way to a file.
inline constexpr uint64_t kWriteBehindBytesMin = 16 * MiB; // Content of a PUT from this size on is written to its file while it arrives,
inline constexpr uint64_t kWritePieceBytes = 8 * MiB;     // in pieces of this size.
inline constexpr uint64_t kReserveBytes = 64 * MiB;       // Disk that is reserved for one beyond what of it has come.
inline constexpr uint64_t kReceiveMarkBytes = 256 * KiB;  // Of a long body so much is waited for, and received at once.
inline constexpr uint64_t kSendStepBytes = 1 * MiB;       // Sent to one client before it is somebody else's turn.
inline constexpr uint64_t kSendFileBytesMin = 64 * KiB;   // From here on content for a client elsewhere goes by sendfile.
inline constexpr uint64_t kReadAheadBytes = 8 * MiB;      // Brought from disk at once while an object is sent.
inline constexpr uint64_t kColdBytesMax = 64 * MiB;       // What an invocation waits for in a worker when it is not in memory; more: a lane.
inline constexpr unsigned kColdWaitsMax = 4;              // How often one invocation does so; then it begins in a lane.
inline constexpr uint64_t kSurveyBytesMin = 16 * MiB;     // Larger ranges are looked over aside: are they in memory?
inline constexpr uint64_t kSurveyMs = 1'000;              // How old a survey may be before the next one is made.
inline constexpr uint64_t kSurveyTrustMs = 5'000;         // How old a survey may be to be believed.
inline constexpr size_t kDiskThreads = 2;                 // Threads of one worker that wait for disks.
inline constexpr uint64_t kStreamRingBytes = 256 * KiB;    // Pages that a streamed body goes through, again and again: they stay in the cache.
inline constexpr uint64_t kStreamPieceBytesMax = 128 * KiB; // One piece of it: while it is worked on, the next one is received.
inline constexpr uint64_t kStreamBytesMax = 1024 * GiB;    // A streamed body; `max_body` is for those that lie in memory whole.
inline constexpr uint64_t kReceiveWindowBytes = 2 * MiB;   // One piece of a body that is not streamed.
inline constexpr uint64_t kStreamSliceUs = 2'000;          // What a stream runs in a worker before it is somebody else's turn.
inline constexpr size_t kStreamsPerWorkerMax = 128;        // Streams of one worker; each holds an instance of its pool,
inline constexpr size_t kStreamSlotsShare = 3;             // of which one part in so many is left to others.
inline constexpr uint64_t kFiberMemoryBytesMax = 64 * MiB; // A stream's own memory in a worker; more is a heavy function's, in a lane. That of all
inline constexpr uint64_t kFiberMemoryShare = 2;           // streams is one part in so many of a worker's part of the memory that there is: each has an
inline constexpr uint64_t kFiberMemoryBytesMin = 4 * MiB;  // equal part of that, but so much; so there may be fewer of them.
inline constexpr size_t kFiberWindowsMax = 64;             // Windows that one stream holds in a worker, and
inline constexpr size_t kFiberOutputsMax = 16;             // outputs: those of all streams leave half of what there is to others.
inline constexpr uint64_t kStreamOutputsShare = 2;         // All outputs of a worker's streams have one part in so many of those of all invocations.
inline constexpr size_t kRangesMax = 1024;                // Ranges in one response or publication.
inline constexpr size_t kWindowsMax = 10'000;             // Windows mapped at once in one invocation (`windows`).
inline constexpr size_t kWindowMappingsShare = 2;         // One part in so many of a process's mappings (vm.max_map_count) is for windows.
inline constexpr size_t kViewsKeptMax = 8;                // Files whose page tables a lane keeps for the next invocation,
inline constexpr uint64_t kViewBytesMin = 1 * MiB;        // for windows from this size on,
inline constexpr uint64_t kViewBytesMax = 4 * GiB;        // of files up to this size (8 MiB of page tables),
inline constexpr uint64_t kViewsKeptMs = 1'000;           // while it has nothing else to do.
inline constexpr uint64_t kPrefetchBytesMax = 64 * MiB;   // One call of inlay_prefetch; what is more is not read ahead.
inline constexpr uint64_t kWindowSlackMax = 768 * MiB;    // Plain memory around and in windows of one invocation: 64 KiB for each.
inline constexpr size_t kWasiFilesMax = 1024;             // Descriptors that one WASI program has open.
inline constexpr size_t kWasiIovecsMax = 1024;            // Pieces of one fd_read or fd_write.
inline constexpr size_t kWasiSubscriptionsMax = 1024;     // Events that one poll_oneoff waits for.
inline constexpr size_t kWasiRandomBytesMax = 1 * MiB;    // One call of random_get.
inline constexpr size_t kWasiPathBytesMax = 4096;
inline constexpr size_t kWasiWorkerBytesMax = 4 * MiB;    // Copied by one call in a worker; more: a lane.
inline constexpr size_t kDirectoriesMax = 64;             // Directories that a deploy gives to one function.
inline constexpr size_t kWasiKeysMax = 100'000;           // Keys that are looked at to list one directory; entries that one program keeps of all.
inline constexpr size_t kWasiDirectoriesMax = 1024;       // Directories that one invocation makes.
inline constexpr size_t kCgiHeadBytesMax = 16 * KiB;      // The head that a WASI program writes before its response.
inline constexpr size_t kSupplyKeysMax = 512;             // Keys that one question for a directory brings.
inline constexpr size_t kSourcesMax = 1024;               // Objects opened, inputs taken and results of calls held by one invocation.
inline constexpr size_t kSourceIdsMax = 16 * KiB;         // Those closed since included.
inline constexpr unsigned kCallDepthMax = 8;              // Functions that a function has called, that have called ...
inline constexpr uint64_t kCallsMax = 10'000;             // Calls of one request, all together.
inline constexpr size_t kChildrenMax = 4096;              // Spawned by one invocation and not waited for yet.
inline constexpr size_t kChildrenAwayMax = 8;             // Of those of one lane, that its worker runs beside it.
inline constexpr uint64_t kChildCallsShare = 16;          // Such a one may make one part in so many of the calls that are left.
inline constexpr size_t kChildInlineMax = 32 * KiB;       // What it gives back in small pieces, inside of messages; more goes into pages.
inline constexpr size_t kCallQueryBytesMax = 8 * KiB;     // The query that a call gives.
inline constexpr size_t kLaneCalleesMax = 64;             // Functions, besides its own, whose code one lane keeps loaded.
inline constexpr size_t kPublishesMax = 16;               // Objects published by one invocation (`publishes`).
inline constexpr size_t kPublishInlineMax = 4 * KiB;      // Gathered content that travels inside the message to the supervisor.
inline constexpr uint64_t kOutputBytesMax = 2 * GiB;      // All output windows of one invocation (`output_bytes`).
inline constexpr size_t kResponseHeadersMax = 64;
inline constexpr size_t kResponseHeaderBytesMax = 8 * KiB; // All response fields of one invocation.
inline constexpr size_t kLogLineBytesMax = 4 * KiB;
inline constexpr size_t kLogLinesPerInvocationMax = 100;
inline constexpr size_t kLogBytesPerInvocationMax = kLogLinesPerInvocationMax * kLogLineBytesMax;  // `log_bytes`.
inline constexpr size_t kLogLinesPerFunctionMax = 1000;   // Kept by the supervisor; the oldest go first.
inline constexpr size_t kLogBytesMax = 64 * MiB;          // Log lines of all functions together.
inline constexpr size_t kOutputFilesMax = 4096;           // Output windows and heap results of one worker, until their replies are sent.
inline constexpr uint64_t kExpressOutputBytesMax = 64 * MiB; // What an invocation may write into windows in a worker; more: a lane.
inline constexpr uint64_t kExpressMemoryBytesMax = 64 * MiB; // Its own memory there, over which bulk instructions are not interrupted; the same.
inline constexpr size_t kRandomBytesMax = 64 * KiB;       // One call of inlay_random.
inline constexpr uint64_t kClockResolutionUs = 1'000;     // Steps in which a guest's clock moves on (`clock_resolution_us`); 0: as it is.
inline constexpr uint64_t kClockResolutionUsMax = 1'000'000; // The coarsest that it can be set to.

// Functions.
inline constexpr uint64_t kModuleBytesMax = 64 * MiB;
inline constexpr uint64_t kMemoryBytesDefault = 1 * GiB;  // A function's own memory; windows count apart.
inline constexpr uint64_t kMemoryBytesDefaultShare = 4;   // If nothing is said of it, one part in so many of the memory that there is at most.
inline constexpr uint64_t kMemoryBytesMax = 3 * GiB;
inline constexpr uint64_t kWindowRoomMin = 64 * MiB;      // What a declared memory maximum must leave for windows.
inline constexpr uint64_t kTimeoutMsDefault = 30'000;
inline constexpr uint64_t kTimeoutMsMax = 15 * 60'000;
inline constexpr uint64_t kConcurrencyDefault = 1024;     // Invocations of one function that are under way at once, over all workers, from their head on (`concurrency`).
inline constexpr uint64_t kConcurrencyMax = 1'000'000;
inline constexpr uint64_t kRateMax = 1'000'000;           // Invocations of one function that begin in a second, over all workers (`rate`); so many: it is not looked at.
inline constexpr uint64_t kExpressBudgetUs = 2'000;       // What an invocation may run in a worker; then it begins again in a lane.
inline constexpr uint64_t kLostTimeShare = 20;            // What a worker loses by that is one part in so many of its time,
inline constexpr uint64_t kLostTimeUsMax = 5 * kExpressBudgetUs; // and so much at once; then functions that may overrun wait for their turn.
inline constexpr uint64_t kLostTimeDebtMs = 2'000;        // They wait for no longer than this after what was lost last.
inline constexpr uint64_t kExpressLateShare = 10;         // What ended by itself, but only after so many budgets, has overrun as well.
inline constexpr size_t kProbationWaitersMax = 1024;      // Invocations of one worker that do so.
inline constexpr size_t kMetricFunctionsMax = 256;        // Functions that /metrics tells of one by one: those that used most processor time.
inline constexpr size_t kEnvBytesMax = 16 * KiB;          // All KEY=VALUE pairs of one function.
inline constexpr size_t kFunctionsMax = 10'000;
inline constexpr size_t kFunctionsLoadedMax = 200;        // Modules loaded in one worker.
inline constexpr size_t kObjectsCachedMax = 1024;         // Open objects remembered by one worker.
inline constexpr size_t kWasmStackBytes = 512 * KiB;
inline constexpr size_t kTableElementsMax = 20'000;
inline constexpr size_t kTablesPerModuleMax = 4;
inline constexpr size_t kInstanceBytesMax = 1 * MiB;
inline constexpr size_t kPoolSlots = 200;                 // Instances of one worker at once, 4 GiB of addresses each, where its part of the
inline constexpr uint64_t kPoolSlotBytes = 2 * MiB;       // memory has so much for each;
inline constexpr size_t kPoolSlotsMin = 16;               // so many in any case.

// Pipelines.
inline constexpr size_t kPlanBytesMax = 64 * KiB;         // The TOML of one.
inline constexpr size_t kPlanStepsMax = 64;
inline constexpr size_t kPlanInputsMax = 64;              // Inputs that one step names; each may be many ranges.
inline constexpr size_t kStepItemsMax = 10'000;           // What one fan-out comes to.
inline constexpr size_t kStepInputsMax = kRangesMax;      // Ranges that one call of a step is given.
inline constexpr uint64_t kStepRetriesMax = 10;
inline constexpr uint64_t kStepRetryMs = 50;              // Waited before the first of them; doubled each time.
inline constexpr size_t kStepsAtOnceMax = 32;             // Calls of one pipeline under way at once,
inline constexpr uint64_t kPipelineCallsMax = 100'000;    // and all of them together, retries included.
inline constexpr size_t kPipelinePublishesMax = 128; // Objects that all its steps publish, and its result.
inline constexpr size_t kPipelineNameBytesMax = 64 * KiB; // Their names and media types.
inline constexpr size_t kPipelineFilesMax = 1024;         // Files that what its steps gave back lies in, as long as somebody may look at it,
inline constexpr size_t kPipelineRangesMax = 100'000;     // and ranges of these.
inline constexpr uint64_t kPipelineSmallBytesMax = 64 * MiB; // What of it is in small pieces, which a worker keeps in its own memory: of one,
inline constexpr uint64_t kPipelinesSmallBytesMax = 256 * MiB; // and of all of them in one worker.
inline constexpr uint64_t kSplitReadBytes = 64 * KiB;     // Read at once in search of the end of a line, which is looked for
inline constexpr uint64_t kSplitSearchBytesMax = 16 * MiB; // so far.

// Traces.
inline constexpr size_t kTraceSpansMax = 400;             // Calls that one trace tells of one by one; more are counted.
inline constexpr size_t kTracesMax = 1000;                // Kept by the supervisor; the oldest go first,
inline constexpr size_t kTraceSpansKeptMax = 100'000;     // also when all of them together have more spans.
inline constexpr size_t kEdgesMax = 4096;                 // Pairs of a caller and a callee that are counted one by one.

// Compiling.
inline constexpr uint64_t kCompileSecondsMax = 120;
inline constexpr uint64_t kInitialiseSecondsMax = 30;      // Of the processor, to initialise a module for a snapshot; that may be as large as a module.
inline constexpr uint64_t kDenseImageBytesMax = 64 * MiB;  // Memory that a module begins with is one image, however sparse.
inline constexpr uint64_t kCompileAddressBytesMax = 8 * GiB;
inline constexpr size_t kCompilesAtOnceMax = 2;           // One for
inline constexpr uint64_t kCompileBytes = 256 * MiB;      // so much of the memory that there is.
inline constexpr uint64_t kCompileMemoryShare = 2;        // All of them together may make one part in so many of it their own,
inline constexpr uint64_t kCompileMemoryBytesMin = 96 * MiB; // but each so much.
inline constexpr size_t kKeptCodeBytesMax = 32 * MiB;        // Code kept of one compilation for the next (`serve --incremental`),
inline constexpr size_t kKeptCodesMax = 16;                  // of so many kinds of them, up to three for a function.

// Processes.
inline constexpr size_t kWorkersMax = 128;
inline constexpr uint64_t kWorkerBytes = 64 * MiB;        // `workers`, if it is not given: one for each processor, but only one for so much memory.
inline constexpr size_t kLanesPerProcessor = 2;           // Lanes of all workers together, but only
inline constexpr uint64_t kLaneBytes = 64 * MiB;          // one for so much memory; one for each worker in any case.
inline constexpr size_t kLanesPerWorkerMax = 64;
inline constexpr size_t kLaneWaitersMax = 256;            // Invocations of one worker that wait for a lane;
inline constexpr size_t kLaneWaitersShare = 2;            // those of one function are one part in so many of them.
inline constexpr uint64_t kLaneTimeHalvesMs = 10'000;     // What a function used of lanes counts half after so long when it is asked whose turn it is.
inline constexpr size_t kLaneGivenMax = 4096;             // Objects and outputs that one run in a lane is given.
inline constexpr size_t kLaneOutcomeBytesMax = 8 * MiB;   // What a lane says of one run, its small content included.
inline constexpr unsigned kCrashesMax = 3;                // Workers that may die while one version of a function runs,
inline constexpr uint64_t kCrashWindowMs = 10 * 60'000;   // within so long; then that version is in quarantine.
inline constexpr size_t kCrashRecordsMax = 256;           // Versions of which it is remembered.
inline constexpr uint64_t kLaneIdleMs = 10'000;           // A lane without work is kept warm for so long.
inline constexpr uint64_t kHeavyMsMin = 5'000;            // How long a function that overran begins in lanes; doubled each time,
inline constexpr uint64_t kHeavyMsMax = 10 * 60'000;      // up to this.
inline constexpr size_t kMessageBytesMax = 128 * KiB;     // One datagram between supervisor and worker.
inline constexpr unsigned kMessagesAtOnce = 32;           // Messages of one sender that are answered before it is somebody else's turn.
inline constexpr size_t kMessageFdsMax = kPipelinePublishesMax; // Descriptors that go with one. So a function's inputs, or what it gives back, lie in so many files.
inline constexpr size_t kControlCallsMax = 4096;          // Unanswered control calls of one worker.
inline constexpr size_t kContentsBegunMax = 64;           // Contents of one worker that are written while they arrive; more are written afterwards.
inline constexpr size_t kContentsBegunShare = 2;          // Those of one function, or of all plain PUTs, have one part in so many of them.
inline constexpr uint64_t kHotMemoryShare = 8;            // `hot_memory`, if it is not given: one part in so many of the memory that there is.
inline constexpr uint64_t kHotBytesMin = 64 * KiB;        // Smaller objects are not kept in memory beside their files,
inline constexpr size_t kHotObjectsMax = 1024;            // nor more than so many.
inline constexpr uint64_t kPromoteBytesMin = 2 * MiB;     // Smaller objects hold no huge page, and are not promoted.
inline constexpr uint64_t kPromoteMappings = 4;           // An object of which so many times its size was mapped in a worker is in use: the supervisor
inline constexpr uint64_t kUseToldMs = 1'000;             // is told, at most so often for each object and worker.
inline constexpr uint64_t kHotIdleMs = 10'000;            // What was in use so lately is not pushed out of memory by a promotion.
inline constexpr uint64_t kPromoteAgainMs = 60'000;       // An object that was not worth it is looked at again after so long.
inline constexpr uint64_t kMemoryLookMs = 500;            // How often the supervisor looks at how much memory is left.
inline constexpr uint64_t kMemorySpareShare = 16;         // Hot objects go while less than one part in so many is left,
inline constexpr uint64_t kMemoryStallShare = 10;         // or while somebody waits for memory for one part in so many of the time, and
inline constexpr uint64_t kMemoryAmpleShare = 4;          // less than one part in so many is left.
inline constexpr uint64_t kShedShare = 8;                 // At each such look they give up one part in so many of `hot_memory`.
inline constexpr size_t kContentThreads = 16;             // Supervisor threads that write and fsync content.
inline constexpr size_t kCommitBatchMax = 256;            // Changes in one catalog transaction.
inline constexpr size_t kLinksMax = 4096;                 // Objects that are files where they lie: an open descriptor and a lease each.
inline constexpr size_t kLinkClientsMax = 16;             // Clients that hand a file over at a time.
inline constexpr uint64_t kLinkClientMs = 10'000;         // For one of them to say what it wants.
inline constexpr uint64_t kLinkDoorPauseMs = 20;          // Between two looks for new ones.
inline constexpr uint64_t kLetGoMs = 10'000;              // For a worker to let go of a linked file that is to be written; then it is ended.
inline constexpr uint64_t kBallastBytes = 4 * MiB;        // Disk space held back for deleting on a full disk.
inline constexpr size_t kChangeRingEntries = 64 * KiB;    // Names remembered for invalidation.
inline constexpr size_t kRemovalsHeldMax = 64 * KiB;      // Files whose removal waits for the end of a backup; more: for the next start.
inline constexpr size_t kFsckFindingsMax = 1000;          // Findings that `inlay fsck` names; more are counted.

}  // namespace inlay
