#include "service/server.h"

#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "aggregator/applier.h"
#include "aggregator/checkpointer.h"
#include "aggregator/cubes.h"
#include "aggregator/milestones.h"
#include "aggregator/recovery.h"
#include "aggregator/rewinder.h"
#include "aggregator/scrubber.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/grpcpp.h"
#include "grpcpp/health_check_service_interface.h"
#include "service/audit_log.h"
#include "service/call_observer.h"
#include "service/call_trace.h"
#include "service/caller.h"
#include "service/catalogue_service.h"
#include "service/connection_limits.h"
#include "service/disk_reader.h"
#include "service/foreign_calls.h"
#include "service/gate.h"
#include "service/held_back.h"
#include "service/ingest_service.h"
#include "service/limits.h"
#include "service/listening_sockets.h"
#include "service/malformed_requests.h"
#include "service/metrics.h"
#include "service/metrics_listener.h"
#include "service/open_calls.h"
#include "service/rights_keeper.h"
#include "service/starting_server.h"
#include "service/store_service.h"
#include "service/tls_credentials.h"
#include "service/tls_files.h"
#include "service/token_keeper.h"
#include "service/totals_service.h"
#include "service/watchers.h"
#include "spdlog/spdlog.h"
#include "storage/store.h"

namespace muster {
namespace {

// The host of "127.0.0.1:7450", "muster.example:0" or "[::]:7450"; nullopt if that is none, or there is no port.
std::optional<std::string> HostOf(const std::string& address) {
  const size_t colon = address.rfind(':');
  int port = 0;
  if (colon == std::string::npos || !absl::SimpleAtoi(address.substr(colon + 1), &port) || port < 0 || port > 65'535) {
    return std::nullopt;
  }
  std::string host = address.substr(0, colon);
  const bool is_bare_ipv6 = absl::StrContains(host, ':') && !(host.front() == '[' && host.back() == ']');
  if (host.empty() || is_bare_ipv6) return std::nullopt;
  return host;
}

// Of an address that has a host.
int PortOf(const std::string& address) {
  int port = 0;
  return absl::SimpleAtoi(address.substr(address.rfind(':') + 1), &port) ? port : 0;
}

// Writes down that a file which says who may do what has changed.
std::function<void(const FileChange&)> TellAudit(AuditLog* audit, const std::string& what) {
  return [audit, what](const FileChange& change) {
    AuditEntry entry;
    entry.call = what;
    entry.object = change.digest;
    if (!change.taken) {
      entry.decision = AuditDecision::kRefused;
      entry.reason = "FILE_FAULTY";
    }
    audit->Append(std::move(entry));
  };
}

bool IsLoopback(const std::string& host) { return host == "localhost" || host == "[::1]" || host == "127.0.0.1"; }

absl::Status CannotListen(const std::string& address) {
  return absl::UnavailableError(absl::StrCat("Cannot listen on ", address, ": is another program listening there?"));
}

// What the machine's clock says at this moment: Abseil's may be two seconds behind one that was set.
int64_t NowMicros() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

// Those of ours; gRPC brings health and reflection.
const std::vector<std::string>& ServiceNames() {
  static const std::vector<std::string> names = {
      v1::IngestService::service_full_name(), v1::TotalsService::service_full_name(),
      v1::CatalogueService::service_full_name(), v1::StoreService::service_full_name()};
  return names;
}

}  // namespace

// In the order in which they are made; they go in the reverse.
struct Server::Parts {
  std::shared_ptr<Metrics> metrics = std::make_shared<Metrics>(ServiceNames());
  std::unique_ptr<MetricsListener> metrics_listener;
  std::unique_ptr<TlsFiles> tls;  // nullptr without TLS.
  std::unique_ptr<Store> store;
  std::unique_ptr<Cubes> cubes;
  std::unique_ptr<Applier> applier;
  std::unique_ptr<MilestoneWriter> milestones;
  std::unique_ptr<Checkpointer> checkpointer;
  std::unique_ptr<MilestoneFiller> milestone_filler;
  std::unique_ptr<Scrubber> scrubber;
  std::unique_ptr<DiskReader> disk_reader;
  std::unique_ptr<Rewinder> rewinder;
  std::unique_ptr<DiskReader> rewinds;
  std::unique_ptr<AuditLog> audit;
  std::unique_ptr<RateLimiter> rates;
  std::unique_ptr<Callers> callers;
  std::unique_ptr<RightsKeeper> rights;
  std::unique_ptr<TokenKeeper> tokens;
  std::unique_ptr<Gate> gate;
  std::unique_ptr<IngestService> ingest;
  std::unique_ptr<Watchers> watchers;
  std::unique_ptr<TotalsService> totals;
  std::unique_ptr<CatalogueService> catalogue;
  std::unique_ptr<StoreService> store_service;
  std::unique_ptr<ListeningSockets> sockets;
  // No call comes in before there is a guard.
  OpenCalls open_calls{{.counted_from = kOpenCallsCountedFrom, .max_of_connection = kMaxOpenCallsOfConnection},
                       [this](const std::string& peer) { connection_guard->CutOff(peer); }};
  std::unique_ptr<grpc::Server> grpc_server;
  std::unique_ptr<ConnectionGuard> connection_guard;
  std::unique_ptr<ConnectionAcceptor> connection_acceptor;
  std::once_flag stopped;
  bool is_stopped = false;

  // Why it does not serve; by several threads.
  std::atomic<bool> store_failed = false;
  std::atomic<bool> audit_failed = false;
  std::atomic<bool> stopping = false;
  std::mutex health_mutex;  // One word about it at a time, the newest last.

  void TellHealth() {
    const std::lock_guard<std::mutex> lock(health_mutex);
    const bool serving = !store_failed && !audit_failed && !stopping;
    metrics->SetState(stopping ? ServingState::kDraining : serving ? ServingState::kServing : ServingState::kRefusing);
    if (grpc_server == nullptr) return;
    grpc::HealthCheckServiceInterface& health = *grpc_server->GetHealthCheckService();
    health.SetServingStatus(serving);  // The server as a whole.
    for (const std::string& service : ServiceNames()) health.SetServingStatus(service, serving);
  }

  // Once all parts are there, and until they go.
  void ServeReadings(LogPosition recovered_checkpoint) {
    metrics->SetReader([this, recovered_checkpoint] {
      MetricReadings now;
      now.queue = applier->queue();
      now.queue.outside += static_cast<int64_t>(ingest->waiting_calls());
      now.queue_limit_bytes = kMaxQueuedBytes;
      // Before the position, which moves: a checkpoint is never ahead of the log.
      now.checkpoint_position = checkpointer->written_position().value_or(recovered_checkpoint);
      now.position = store->last_position();
      now.checkpoint_age = checkpointer->age();
      now.scrub_age = scrubber->age();
      now.scrub_rounds = scrubber->round_count();
      now.scrub_mismatches = scrubber->mismatch_count();
      now.store = store->Usage();
      now.watchers = watchers->counts();
      if (tls != nullptr) now.certificate_expiry = absl::ToChronoTime(tls->state().key->not_after);
      return now;
    });
  }
};

Server::Server() : parts_(std::make_unique<Parts>()) {}

Server::~Server() { Stop(); }

absl::Status Server::CheckAddress(const std::string& listen_address, bool with_tls) {
  const std::optional<std::string> host = HostOf(listen_address);
  if (host && (with_tls || IsLoopback(*host))) return absl::OkStatus();
  if (with_tls) {
    return absl::InvalidArgumentError(
        absl::StrCat("Cannot listen on \"", listen_address, "\": must be like 0.0.0.0:7450, [::]:7450 or NAME:7450."));
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "Cannot listen on \"", listen_address,
      "\": without TLS the server listens on loopback only, 127.0.0.1:PORT, localhost:PORT or [::1]:PORT."));
}

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ServerOptions& options) {
  if (absl::Status allowed = CheckAddress(options.listen_address, options.tls.enabled()); !allowed.ok()) return allowed;
  std::unique_ptr<Server> server(new Server());
  Parts& parts = *server->parts_;
  // Before the store, which may take its time: whoever looks sees that the server starts.
  if (!options.metrics_listen_address.empty()) {
    absl::StatusOr<std::unique_ptr<MetricsListener>> listener =
        MetricsListener::Start(options.metrics_listen_address, parts.metrics);
    if (!listener.ok()) return listener.status();
    parts.metrics_listener = *std::move(listener);
    spdlog::info("metrics on http://{}/metrics", parts.metrics_listener->address());
  }
  if (options.tls.enabled()) {
    absl::StatusOr<std::unique_ptr<TlsFiles>> tls = TlsFiles::Open(options.tls);
    if (!tls.ok()) return tls.status();
    parts.tls = *std::move(tls);
  }
  parts.rates = std::make_unique<RateLimiter>(options.caller_rates, options.local_operator_rates);
  parts.callers =
      std::make_unique<Callers>(*options.catalogue, parts.tls.get(), kCallerCheckInterval, parts.rates.get());
  std::shared_ptr<grpc::ServerCredentials> credentials = grpc::InsecureServerCredentials();
  CheckCertificate check_foreign;
  if (parts.tls != nullptr) {
    credentials = MakeTlsCredentials(*parts.tls);
    check_foreign = [callers = parts.callers.get()](const std::string& certificate_pem) {
      return callers->IdentifyCertificate(certificate_pem).status();
    };
  }
  absl::StatusOr<std::unique_ptr<ListeningSockets>> sockets =
      ListeningSockets::Open(*HostOf(options.listen_address), PortOf(options.listen_address));
  if (!sockets.ok()) return CannotListen(options.listen_address);
  parts.sockets = *std::move(sockets);
  std::unique_ptr<StartingServer> starting;
  if (PortOf(options.listen_address) != 0) {  // Nobody knows one that was chosen just now.
    starting = StartingServer::Start(*parts.sockets, credentials, check_foreign);
    if (starting == nullptr) return CannotListen(options.listen_address);
  }
  absl::StatusOr<std::unique_ptr<Store>> store =
      Store::Open({.directory = options.store_directory, .environment = options.environment});
  if (!store.ok()) return store.status();
  parts.store = *std::move(store);
  parts.cubes = std::make_unique<Cubes>(options.catalogue, NowMicros);
  const absl::StatusOr<RecoveryReport> recovered = Recover(*parts.store, parts.cubes.get(), !options.rebuild_totals);
  if (!recovered.ok()) return recovered.status();
  if (!recovered->damage.ok()) {
    spdlog::error("the checkpoint is damaged, and is made anew from the log; no result is concerned: {}",
                  recovered->damage.ToString());
  }
  spdlog::info("store {}: position {}, of which {} replayed", options.store_directory, recovered->position,
               recovered->position - recovered->checkpoint_position);
  const absl::Duration behind = absl::Microseconds(parts.cubes->accept_time_us() - NowMicros());
  if (recovered->position > 0 && behind > absl::FromChrono(kClockBehindWorthSaying)) {
    spdlog::warn("the clock is behind the newest entry of the log by {}; accept times go on from that entry",
                 absl::FormatDuration(behind));
  }

  Parts* const parts_pointer = &parts;
  parts.applier = std::make_unique<Applier>(
      *parts.store, *parts.cubes, ApplierLimits{.max_queued_bytes = kMaxQueuedBytes, .max_group_bytes = kMaxGroupBytes},
      [parts_pointer](const absl::Status& status) {
        spdlog::critical("the disk refused a group; nothing more is taken until a restart: {}", status.ToString());
        parts_pointer->store_failed = true;
        parts_pointer->TellHealth();
      },
      [parts_pointer](const GroupReport& report) {
        parts_pointer->metrics->AddGroup(report);
        // Results come in only once all parts are there.
        parts_pointer->ingest->LookForRoom();
        if (report.sync_time) parts_pointer->watchers->Changed();
      });
  if (absl::Status dropped = DropUnfitMilestones(*parts.store, *options.catalogue, options.rebuild_totals);
      !dropped.ok()) {
    return dropped;
  }
  parts.milestones = std::make_unique<MilestoneWriter>(
      *parts.store, options.catalogue,
      MilestoneLimits{.distance = options.milestone_distance, .max_bytes_per_entry = kMaxMilestoneBytesPerEntry});
  const bool replace = recovered->checkpoint_position == 0;
  parts.checkpointer = std::make_unique<Checkpointer>(
      *parts.store, *parts.cubes, replace, options.checkpoint_interval,
      [parts_pointer](const absl::Status& status) {
        spdlog::error("a checkpoint or milestone was not written: {}", status.ToString());
        // A write that the disk refused is the last: no group is taken either, though none has come yet to be told so.
        if (absl::IsResourceExhausted(status)) return;
        parts_pointer->store_failed = true;
        parts_pointer->TellHealth();
      },
      parts.milestones.get());
  parts.milestone_filler = std::make_unique<MilestoneFiller>(
      *parts.store, *parts.milestones, options.checkpoint_interval, [](const absl::Status& status) {
        spdlog::error("a gap between milestones was not filled; totals as they stood take longer: {}",
                      status.ToString());
      });
  parts.scrubber = std::make_unique<Scrubber>(
      *parts.store, *parts.cubes,
      ScrubberLimits{
          .pause_factor = kScrubPauseFactor, .min_pause = kScrubMinPause, .round_interval = kScrubRoundInterval},
      [](const ScrubMismatch& mismatch) {
        spdlog::critical("scrub: the totals of {} in {} differ from the log at position {}: {}", mismatch.force,
                         mismatch.operation, mismatch.position, mismatch.description);
      },
      [](const absl::Status& status) { spdlog::error("scrub: {}", status.ToString()); });
  parts.disk_reader =
      std::make_unique<DiskReader>(DiskReaderLimits{.threads = kDiskReadThreads, .max_reads = kMaxDiskReads});
  parts.rewinder = std::make_unique<Rewinder>(
      *parts.store, *parts.cubes, RewinderLimits{.max_kept_bytes = kMaxPastCubesBytes, .max_kept = kMaxPastCubes},
      [](const absl::Status& status) { spdlog::error("a milestone is damaged: {}", status.ToString()); });
  parts.rewinds = std::make_unique<DiskReader>(
      DiskReaderLimits{.threads = kRewindThreads, .max_reads = kMaxRewinds, .niceness = kRewindNiceness});
  absl::StatusOr<std::unique_ptr<AuditLog>> audit = AuditLog::Open(
      {.directory =
           options.audit_directory.empty() ? absl::StrCat(options.store_directory, "/audit") : options.audit_directory,
       .told =
           [parts_pointer](const absl::Status& status) {
             if (status.ok()) {
               spdlog::warn("the audit log can be written again");
             } else {
               spdlog::critical("the audit log cannot be written; nothing is let through that has to be in it: {}",
                                status.ToString());
             }
             parts_pointer->audit_failed = !status.ok();
             parts_pointer->TellHealth();
           },
       .write = options.write_audit});
  if (!audit.ok()) return audit.status();
  parts.audit = *std::move(audit);
  absl::StatusOr<std::unique_ptr<RightsKeeper>> rights = RightsKeeper::Start(
      options.policy_file, options.catalogue, kPolicyCheckInterval, TellAudit(parts.audit.get(), "policy"));
  if (!rights.ok()) return rights.status();
  parts.rights = *std::move(rights);
  absl::StatusOr<std::unique_ptr<TokenKeeper>> tokens = TokenKeeper::Start(
      options.token_file.empty() ? absl::StrCat(options.store_directory, "/tokens.textproto") : options.token_file,
      options.catalogue, kPolicyCheckInterval, TellAudit(parts.audit.get(), "tokens"));
  if (!tokens.ok()) return tokens.status();
  parts.tokens = *std::move(tokens);
  parts.gate = std::make_unique<Gate>(*parts.callers, options.identify, *parts.rights, *parts.tokens, *parts.audit);
  parts.ingest = std::make_unique<IngestService>(*parts.gate, *parts.rates, *parts.store, *parts.cubes, *parts.applier,
                                                 *parts.disk_reader, *parts.metrics);
  parts.watchers = std::make_unique<Watchers>(*parts.gate, *parts.cubes, options.watcher_limits);
  parts.totals = std::make_unique<TotalsService>(*parts.gate, *parts.store, *parts.cubes, *parts.rewinder,
                                                 *parts.watchers, *parts.disk_reader, *parts.rewinds);
  parts.catalogue = std::make_unique<CatalogueService>(*parts.gate, *parts.cubes, *parts.applier);
  parts.store_service = std::make_unique<StoreService>(*parts.gate, *parts.store, *parts.cubes);
  parts.ServeReadings(recovered->checkpoint_position);

  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::ServerBuilder builder;
  auto acceptor = builder.experimental().AddExternalConnectionAcceptor(
      grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD, credentials);
  LimitConnections(&builder);
  std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> interceptors;
  if (check_foreign) interceptors.push_back(CheckForeignCalls(check_foreign));
  interceptors.push_back(ExplainMalformedRequests());
  interceptors.push_back(ObserveCalls(parts.metrics, parts.open_calls));  // Sees what the one before has made of it.
  builder.experimental().SetInterceptorCreators(std::move(interceptors));
  builder.SetContextAllocator(TracedContexts());
  builder.RegisterService(parts.ingest.get());
  builder.RegisterService(parts.totals.get());
  builder.RegisterService(parts.catalogue.get());
  builder.RegisterService(parts.store_service.get());
  starting.reset();  // Who connects now waits for a moment.
  parts.grpc_server = builder.BuildAndStart();
  if (parts.grpc_server == nullptr) return CannotListen(options.listen_address);
  const auto held_back = std::make_shared<HeldBack>(kHoldBackTime);
  parts.connection_guard = GuardConnections(parts.sockets->port(), held_back);
  parts.connection_acceptor = AcceptConnections(*parts.sockets, std::move(acceptor), held_back);
  parts.TellHealth();
  server->address_ = absl::StrCat(*HostOf(options.listen_address), ":", parts.sockets->port());
  return server;
}

std::string Server::metrics_address() const {
  return parts_->metrics_listener == nullptr ? "" : parts_->metrics_listener->address();
}

bool Server::Answers() const {
  if (parts_->is_stopped) return false;  // gRPC does not survive the question then.
  const std::shared_ptr<grpc::Channel> channel = parts_->grpc_server->InProcessChannel(grpc::ChannelArguments());
  const auto health = grpc::health::v1::Health::NewStub(channel);
  grpc::ClientContext context;
  context.set_deadline(
      gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_millis(kOwnAnswerDeadline.count(), GPR_TIMESPAN)));
  grpc::health::v1::HealthCheckResponse response;
  const grpc::StatusCode code = health->Check(&context, grpc::health::v1::HealthCheckRequest(), &response).error_code();
  // A refusal is an answer too. These three are said where nobody answers.
  return code != grpc::DEADLINE_EXCEEDED && code != grpc::UNAVAILABLE && code != grpc::CANCELLED;
}

void Server::Stop() {
  std::call_once(parts_->stopped, [this] {
    Parts& parts = *parts_;
    parts.is_stopped = true;
    parts.connection_acceptor.reset();
    parts.sockets.reset();  // Nobody is to wait for who does not come.
    if (parts.grpc_server != nullptr) {
      parts.stopping = true;
      parts.TellHealth();
      parts.ingest->EndStreams();
      parts.watchers->End();
      parts.store_service->StopBackups();
      parts.disk_reader->Close();
      parts.rewinds->Close();
      // On the steady clock, so that a clock that is set meanwhile does not move the deadline.
      parts.grpc_server->Shutdown(
          gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_seconds(kDrainDeadline.count(), GPR_TIMESPAN)));
      parts.grpc_server->Wait();
    }
    parts.connection_guard.reset();
    parts.metrics->SetReader(nullptr);
    parts.store_service.reset();
    if (parts.disk_reader != nullptr) parts.disk_reader->Stop();
    if (parts.rewinds != nullptr) parts.rewinds->Stop();
    if (parts.scrubber != nullptr) parts.scrubber->Stop();
    if (parts.milestone_filler != nullptr) parts.milestone_filler->Stop();
    if (parts.applier != nullptr) parts.applier->Stop();
    if (parts.checkpointer != nullptr) {
      parts.checkpointer->Stop();
      if (absl::Status status = parts.checkpointer->WriteNow(); !status.ok()) {
        spdlog::error("the last checkpoint was not written; the next start replays more: {}", status.ToString());
      }
    }
    // In this order: what follows the files writes to the audit, and that tells the health of what is still there.
    parts.tokens.reset();
    parts.rights.reset();
    parts.audit.reset();
    if (parts.store != nullptr) {
      if (absl::Status status = parts.store->Flush(); !status.ok()) {
        spdlog::error("the store was not flushed; nothing is lost: {}", status.ToString());
      }
    }
  });
}

}  // namespace muster
