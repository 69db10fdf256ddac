// Every bound of the gateway, in one place.
#ifndef MUSTER_CLIENTS_GATEWAY_LIMITS_H_
#define MUSTER_CLIENTS_GATEWAY_LIMITS_H_

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace muster::gateway {

inline constexpr int kHttpThreads = 2;  // None of them ever waits: for a client, a server or a file.

// Of one connection of a browser.
inline constexpr uint32_t kMaxHeaderBytes = 16 << 10;  // Of one request, its first line included.
inline constexpr size_t kMaxHeaders = 64;
inline constexpr std::chrono::seconds kHandshakeTimeout{10};
inline constexpr std::chrono::seconds kMaxIdle{60};  // Without a request.
inline constexpr std::chrono::seconds kHeaderTimeout{
    10};  // From the first byte of a request to the end of its headers, …
inline constexpr std::chrono::seconds kBodyTimeout{30};   // … and then of its body.
inline constexpr std::chrono::seconds kWriteTimeout{30};  // For the client to take one piece of an answer.
inline constexpr size_t kWritePieceBytes = 64 << 10;

// Of all together.
inline constexpr size_t kMaxConnections = 1'024;
inline constexpr int kMaxCalls = 256;    // Under way at once, streams left out.
inline constexpr int kMaxStreams = 512;  // Open at once.
inline constexpr std::chrono::seconds kDrainDeadline{5};

// Of one message, either way, as musterd has it.
inline constexpr size_t kMaxMessageBytes = 4 << 20;

// Of a call that brings no deadline of its own, and the longest that one may bring. Streams may stand for ever.
inline constexpr std::chrono::seconds kCallDeadline{60};

// Exports.
inline constexpr int kExportThreads = 2;
inline constexpr size_t kMaxWaitingExports = 16;
inline constexpr size_t kMaxExportRows = 250'000;

// Of the page: all of it is held in memory.
inline constexpr size_t kMaxStaticFiles = 4'096;
inline constexpr size_t kMaxStaticBytes = 64 << 20;

}  // namespace muster::gateway

#endif  // MUSTER_CLIENTS_GATEWAY_LIMITS_H_
