// Every bound of the server, in one place.
#ifndef MUSTER_SERVICE_LIMITS_H_
#define MUSTER_SERVICE_LIMITS_H_

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace muster {

inline constexpr int kMaxMessageBytes = 4 << 20;  // Of one message, either way.
// Of what is listed in one message, when one more would be too many; what else the message says has room beside it.
inline constexpr size_t kMaxPageBytes = kMaxMessageBytes * 3 / 4;

// Of one connection.
inline constexpr int kMaxMetadataBytes = 8 << 10;                // All headers of a call together.
inline constexpr int kMaxCallsOfConnection = 1'024;              // Under way at once; others wait in the client.
inline constexpr std::chrono::seconds kHandshakeTimeout{10};     // TLS, and the first settings of HTTP/2.
inline constexpr std::chrono::seconds kMaxConnectionIdle{600};   // Without a call.
inline constexpr std::chrono::seconds kMaxConnectionAge{3'600};  // Then it takes no more calls, …
inline constexpr std::chrono::seconds kConnectionAgeGrace{300};  // … and so long later those under way end.
inline constexpr std::chrono::seconds kMinPingInterval{20};      // Of a client; who pings oftener …
inline constexpr int kMaxPingStrikes = 2;                        // … more than so often is cut off.
inline constexpr std::chrono::seconds kKeepaliveInterval{60};    // Of the server's own pings, …
inline constexpr std::chrono::seconds kKeepaliveTimeout{20};     // … and how long an answer may take.

// Of gRPC as a whole: what it reads ahead for all connections, and its threads.
inline constexpr size_t kMaxGrpcMemoryBytes = size_t{512} << 20;
inline constexpr int kMaxGrpcThreads = 64;

// The memory of the process may grow by so much in so short a time; beyond it the connections that send most are cut
// off.
inline constexpr std::chrono::milliseconds kMemoryLookInterval{100};
inline constexpr int kMemoryLooks = 20;
inline constexpr int64_t kMaxMemoryGrowth = int64_t{384} << 20;
inline constexpr int64_t kLeastBlamedBytes = int64_t{1} << 20;
inline constexpr int64_t kMaxMemoryGrowthFactor = 8;  // Of what was sent meanwhile.

// Connections of all clients together: so many, and no more than one for so many descriptors that the process may have.
// What comes between two looks at them takes what is left over: gRPC must never be without one (docs/security.md).
inline constexpr int kMaxConnections = 8'192;
inline constexpr int kDescriptorsForConnection = 4;
inline constexpr std::chrono::seconds kCrowdTellInterval{10};  // Between two words about too many.

// Connections that have not sent the first bytes of HTTP/2 (what TLS begins with is longer) wait outside gRPC, for
// kHandshakeTimeout at most; beyond so many the oldest are closed. Of all descriptors no more than one in
// kDescriptorsForSilentConnection is theirs.
inline constexpr int kFirstBytesOfConnection = 24;
inline constexpr size_t kMaxSilentConnections = 1'024;
inline constexpr size_t kMaxSilentConnectionsOfAddress = 256;
inline constexpr int kDescriptorsForSilentConnection = 8;
inline constexpr std::chrono::milliseconds kNoDescriptorPause{100};

// Calls that have begun and are not over: with so many open, those that begin are counted for their connections, and
// one that has more than it may have under way, and some that gRPC is not quite through with, is cut off.
inline constexpr int64_t kOpenCallsCountedFrom = 128;
inline constexpr int kMaxOpenCallsOfConnection = kMaxCallsOfConnection + 256;
inline constexpr std::chrono::milliseconds kHoldBackTime{5'000};  // For the next connections of the same address.

// What one caller may use, over all its connections: more than a machine of two processors can do over TLS, so that
// nobody meets it but by mistake. The local operator, who is on the machine anyway, may use several times as much.
inline constexpr int64_t kCallsPerSecond = 20'000;
inline constexpr int64_t kCallsAtOnce = 60'000;
inline constexpr int64_t kBytesPerSecond = int64_t{256} << 20;
inline constexpr int64_t kBytesAtOnce = int64_t{768} << 20;
inline constexpr int64_t kLocalOperatorFactor = 10;
// Every message of a stream counts as so many bytes more: reading it costs something however small it is.
inline constexpr int64_t kBytesOfAnyMessage = 256;

inline constexpr int kMaxResultsPerRequest = 1'000;
inline constexpr int kMaxStreamMessagesInFlight = 4;  // Of one stream: read, and not yet answered.
inline constexpr int64_t kMaxQueuedBytes = 16 << 20;  // Of results that wait for the disk.
inline constexpr int64_t kMaxGroupBytes = 4 << 20;    // Of results that share one sync.

// Calls that wait for room, before they are received. Longer than a group takes many times over, and shorter than
// anybody's deadline; so many that a thousand clients who come at once need not ask again.
inline constexpr size_t kMaxWaitingCalls = 1'024;
inline constexpr std::chrono::milliseconds kMaxWaitForRoom{500};
inline constexpr std::chrono::milliseconds kWaitingRoomLookInterval{20};  // At the clock.

// Reads of the disk for calls. A few at once keep a disk busy, and as many at most take processor time from the writer.
// A disk that needs 10 ms a read is through with all of them in less than a second, which callers can wait for.
inline constexpr int kDiskReadThreads = 4;
inline constexpr int kMaxDiskReads = 256;  // Under way, and waiting.

// Questions about earlier moments, which replay a part of the log: under way at once, and waiting; and the cubes of
// earlier moments that are kept, for neighbours of those who asked, and for their next pages.
inline constexpr int kRewindThreads = 2;
inline constexpr int kMaxRewinds = 64;
inline constexpr int kRewindNiceness = 10;  // Behind whoever answers about now, and the writer.
inline constexpr size_t kMaxPastCubesBytes = 64 << 20;
inline constexpr size_t kMaxPastCubes = 64;

// Threads that read and check messages of streams, and make answers of streams and calls; and from how many bytes on a
// message is handed to them, and its answer from how many results on: what is smaller is done sooner than handed on.
inline constexpr int kMessageWorkers = 2;
inline constexpr size_t kMinHandedOnBytes = 8 << 10;
inline constexpr size_t kMinHandedOnResults = 32;

inline constexpr size_t kMaxPolicyBytes = 1 << 20;
inline constexpr std::chrono::milliseconds kPolicyCheckInterval{1'000};  // Of the file of tokens, too.
inline constexpr std::chrono::minutes kFileFaultInterval{1};             // Between two words about the same bad file.
inline constexpr size_t kMaxRememberedCallers = 4'096;                   // Whose rights are kept worked out.

// The audit log.
inline constexpr int64_t kMaxAuditFileBytes = 64 << 20;
inline constexpr int kMaxAuditFiles = 64;                         // 4 GiB in all.
inline constexpr size_t kMaxWaitingAuditEntries = 100'000;        // That the disk has not taken: about 50 MiB.
inline constexpr std::chrono::milliseconds kAuditGatherTime{10};  // Until a line is written.
inline constexpr std::chrono::milliseconds kAuditSyncInterval{500};
inline constexpr std::chrono::milliseconds kAuditRetryInterval{1'000};  // While it cannot be written.

inline constexpr int kDefaultRowsPerPage = 1'000;
inline constexpr int kMaxRowsPerPage = 10'000;
inline constexpr int kDefaultItemsPerPage = 100;
inline constexpr int kMaxItemsPerPage = 1'000;
inline constexpr int kMaxExplainedReads = 10'000;  // Entries of the log, for one page of results that make a total.
inline constexpr size_t kMaxPagedAnswers = 64;     // Answers that wait for their next page to be asked for.
inline constexpr size_t kMaxPagedRows = 400'000;   // In all of them together.

// Answers to the same questions again: each dashboard and spreadsheet asks a handful.
inline constexpr size_t kMaxCachedAnswers = 1'024;
inline constexpr size_t kMaxCachedAnswerBytes = 32 << 20;

// Watches. A row takes about 400 bytes; who watches the same shares them.
inline constexpr int kMaxWatchers = 2'048;
inline constexpr int kMaxWatchersPerCaller = 1'024;  // A gateway has many for whom it asks.
inline constexpr size_t kMaxRowsOfWatchedQuestion = 20'000;
inline constexpr size_t kMaxWatchedRows = 200'000;                          // Of all questions together.
inline constexpr std::chrono::milliseconds kWatchInterval{250};             // Between two moments, at least.
inline constexpr std::chrono::milliseconds kWatchHeartbeat{15'000};         // Between two messages, at most.
inline constexpr std::chrono::milliseconds kWatcherPatience{10'000};        // With a reader that takes nothing.
inline constexpr std::chrono::milliseconds kWatchedQuestionMemory{60'000};  // For readers that come back.
inline constexpr std::chrono::milliseconds kWatcherRightsInterval{1'000};
inline constexpr std::chrono::milliseconds kWatchLookPause{5};  // Between two looks at what changed, at least.

inline constexpr std::chrono::milliseconds kRetryDelay{200};
inline constexpr std::chrono::seconds kDrainDeadline{10};  // For calls under way at a stop.
inline constexpr std::chrono::milliseconds kCheckpointInterval{5'000};
inline constexpr int64_t kMilestoneDistance = 65'536;       // Entries of the log between two milestones.
inline constexpr uint64_t kMaxMilestoneBytesPerEntry = 32;  // Of all milestones on disk; an entry takes about 150.
inline constexpr std::chrono::minutes kClockBehindWorthSaying{1};  // The clock behind the newest entry, at a start.

// From where on `musterd --check` has something to say.
inline constexpr std::chrono::milliseconds kSlowSync{50};
inline constexpr uint64_t kLittleRoomBytes = uint64_t{1} << 30;  // Beside what is kept free.
inline constexpr uint64_t kEnoughOpenFiles = 1'024;              // Of which the store takes up to 512.

// How often the service manager is told that the server is alive, in each interval that it allows; and how long the
// server may take to answer itself. A machine that is busy with everything at once answers in far less.
inline constexpr int kWatchdogTellsPerInterval = 3;
inline constexpr std::chrono::milliseconds kOwnAnswerDeadline{5'000};

// TLS. A certificate that was revoked is refused ten seconds after its list was replaced at the latest: the change is
// seen twice, and the calls that stand are looked at.
inline constexpr std::chrono::milliseconds kTlsReloadInterval{1'000};
inline constexpr std::chrono::milliseconds kCallerCheckInterval{1'000};  // Of callers of long calls.
inline constexpr std::chrono::seconds kCallerCheckAge{3};  // How long it counts that a certificate was found good.
inline constexpr size_t kMaxKnownCertificates = 4'096;     // Found good or bad, and remembered.
inline constexpr size_t kMaxTlsFileBytes = 16 << 20;       // Of one file: a list of 400,000 revoked certificates.
inline constexpr std::chrono::hours kTlsComplaintInterval{1};
inline constexpr std::chrono::hours kCertificateExpiresSoon{24 * 14};

// The scrub in the background: it rests 99 times as long as it works, and at least so long after every step.
inline constexpr int kScrubPauseFactor = 99;
inline constexpr std::chrono::milliseconds kScrubMinPause{100};
inline constexpr std::chrono::milliseconds kScrubRoundInterval{60'000};

inline constexpr size_t kMaxConfigurationBytes = 1 << 20;  // Of the configuration file; one is a few hundred.

// HTTP for metrics: Prometheus asks once every few seconds.
inline constexpr int kMetricsThreads = 2;
inline constexpr std::chrono::milliseconds kMetricsRequestTimeout{5'000};

// The errors of a call travel as a header, in base64, of which gRPC takes 8 KiB in all.
inline constexpr size_t kMaxCallViolationBytes = 4'500;
// Of all receipts of one answer together, so that it fits one message; every receipt has its first one nevertheless.
inline constexpr size_t kMaxReceiptViolationBytes = 2 << 20;
inline constexpr size_t kMaxReceiptWarningBytes = 1 << 20;

}  // namespace muster

#endif  // MUSTER_SERVICE_LIMITS_H_
