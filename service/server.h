// The whole server: a store, its cubes, the writer, and the gRPC services on one address.
#ifndef MUSTER_SERVICE_SERVER_H_
#define MUSTER_SERVICE_SERVER_H_

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "domain/catalogue.h"
#include "service/gate.h"
#include "service/limits.h"
#include "service/rate_limiter.h"
#include "service/tls.h"
#include "service/watcher_limits.h"

namespace rocksdb {
class Env;
}  // namespace rocksdb

namespace muster {

// What a caller may use, and what the local operator may.
inline constexpr RateLimits kCallerRates = {.calls = {.per_second = kCallsPerSecond, .burst = kCallsAtOnce},
                                            .bytes = {.per_second = kBytesPerSecond, .burst = kBytesAtOnce}};
inline constexpr RateLimits kLocalOperatorRates = {
    .calls = {.per_second = kLocalOperatorFactor * kCallsPerSecond, .burst = kLocalOperatorFactor * kCallsAtOnce},
    .bytes = {.per_second = kLocalOperatorFactor * kBytesPerSecond, .burst = kLocalOperatorFactor * kBytesAtOnce}};

struct ServerOptions {
  std::string store_directory;
  std::string listen_address = "127.0.0.1:7450";  // Loopback only, unless there is TLS; port 0 picks a free one.
  TlsOptions tls;                                 // Empty: no TLS, and everyone is the local operator.
  std::shared_ptr<const Catalogue> catalogue;
  std::string policy_file;      // Who may do what; empty: the default policy.
  std::string token_file;       // Of bearer tokens; empty: "tokens.textproto" in the folder of the store.
  std::string audit_directory;  // Of the audit log; empty: the folder "audit" in that of the store.
  std::chrono::milliseconds checkpoint_interval = kCheckpointInterval;
  int64_t milestone_distance = kMilestoneDistance;  // As MilestoneLimits::distance.
  rocksdb::Env* environment = nullptr;              // As StoreOptions::environment.
  bool rebuild_totals = false;                      // From the log, as if there were no checkpoint.
  std::string metrics_listen_address;               // As MetricsListener::Start; empty: metrics are not served.
  Identify identify;                                // Set: who tells callers apart instead. For tests.
  std::function<ssize_t(int, const void*, size_t)> write_audit;  // Set: as write(2), for the audit log. For tests.
  RateLimits caller_rates = kCallerRates;
  RateLimits local_operator_rates = kLocalOperatorRates;
  WatcherLimits watcher_limits;
};

class Server {
 public:
  // Opens the store, brings the cubes to the end of its log, and serves.
  //
  // INVALID_ARGUMENT     the address is malformed, or not one of loopback without TLS; or a file of TLS is
  //                      wrong; or the policy or the file of tokens has faults: all are listed
  // FAILED_PRECONDITION  the store is in use, of a newer format, or does not fit the catalogue; or a file of TLS
  //                      cannot be read, or the certificate is not valid now
  // UNAVAILABLE          an address cannot be listened on, the audit log cannot be written, or the disk refused
  // DATA_LOSS            the store is damaged
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServerOptions& options);
  // Whether an address may be listened on at all, with or without TLS: INVALID_ARGUMENT as Start has it.
  static absl::Status CheckAddress(const std::string& listen_address, bool with_tls);
  // Stops if that has not been done.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Where it listens, with the port that was picked: "127.0.0.1:43210".
  const std::string& address() const { return address_; }

  // Where it serves metrics, with the port that was picked; empty if it does not.
  std::string metrics_address() const;

  // Asks itself over gRPC, within the process, for its health, and returns whether there is an answer, whatever it is,
  // within kOwnAnswerDeadline. Answers take no disk: a server on a disk that stands still is alive. One that was
  // stopped does not answer. Not to be called beside Stop().
  bool Answers() const;

  // Says NOT_SERVING, lets calls under way end until a deadline, answers what is queued, writes a checkpoint and
  // flushes. Idempotent.
  void Stop();

 private:
  struct Parts;
  Server();

  std::string address_;
  std::unique_ptr<Parts> parts_;
};

// The shipped catalogue, which is part of the program.
std::vector<CatalogueFile> ShippedCatalogueFiles();

}  // namespace muster

#endif  // MUSTER_SERVICE_SERVER_H_
