#include "service/connection_limits.h"

#include <sys/resource.h>

#include <algorithm>
#include <initializer_list>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "grpcpp/resource_quota.h"
#include "service/limits.h"
#include "spdlog/spdlog.h"

namespace muster {
namespace {

// How many descriptors this process may have.
int MaxDescriptors() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return kDescriptorsForConnection * kMaxConnections;
  return static_cast<int>(std::min<rlim_t>(limit.rlim_cur, std::numeric_limits<int>::max()));
}

int MaxConnections() { return std::min(MaxDescriptors() / kDescriptorsForConnection, kMaxConnections); }

}  // namespace

void LimitConnections(grpc::ServerBuilder* builder) {
  const auto milliseconds = [](std::chrono::seconds time) {
    return static_cast<int>(std::chrono::milliseconds(time).count());
  };
  builder->SetMaxReceiveMessageSize(kMaxMessageBytes);
  builder->SetMaxSendMessageSize(kMaxMessageBytes);
  for (const auto& [name, value] : std::initializer_list<std::pair<const char*, int>>{
           {GRPC_ARG_MAX_METADATA_SIZE, kMaxMetadataBytes},
           {GRPC_ARG_HTTP2_BDP_PROBE, 0},  // Else a client may send ever more of what nobody asked it for yet.
           {GRPC_ARG_MAX_CONCURRENT_STREAMS, kMaxCallsOfConnection},
           {GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, milliseconds(kHandshakeTimeout)},
           {GRPC_ARG_MAX_CONNECTION_IDLE_MS, milliseconds(kMaxConnectionIdle)},
           {GRPC_ARG_MAX_CONNECTION_AGE_MS, milliseconds(kMaxConnectionAge)},
           {GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, milliseconds(kConnectionAgeGrace)},
           {GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, milliseconds(kMinPingInterval)},
           {GRPC_ARG_HTTP2_MAX_PING_STRIKES, kMaxPingStrikes},
           {GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1},
           {GRPC_ARG_KEEPALIVE_TIME_MS, milliseconds(kKeepaliveInterval)},
           {GRPC_ARG_KEEPALIVE_TIMEOUT_MS, milliseconds(kKeepaliveTimeout)}}) {
    builder->AddChannelArgument(name, value);
  }
  grpc::ResourceQuota quota("muster");
  quota.Resize(kMaxGrpcMemoryBytes).SetMaxThreads(kMaxGrpcThreads);
  builder->SetResourceQuota(quota);
}

std::unique_ptr<ConnectionGuard> GuardConnections(int port, std::shared_ptr<HeldBack> held_back) {
  const int max_connections = MaxConnections();
  return std::make_unique<ConnectionGuard>(
      port,
      ConnectionGuardLimits{.interval = kMemoryLookInterval,
                            .looks = kMemoryLooks,
                            .max_growth_bytes = kMaxMemoryGrowth,
                            .least_sent_bytes = kLeastBlamedBytes,
                            .growth_factor = kMaxMemoryGrowthFactor,
                            .max_connections = max_connections,
                            .tell_interval = kCrowdTellInterval},
      std::move(held_back),
      [](const std::string& peer) {
        spdlog::warn("memory grows too fast: the connection from {}, which sends most, was cut off", peer);
      },
      [max_connections](int closed) {
        spdlog::warn("more than {} connections: {} of those that sent least were cut off", max_connections, closed);
      },
      [](const std::string& peer, int closed) {
        spdlog::warn("{} connections, the last of them from {}, were cut off: they had more calls than they may",
                     closed, peer);
      });
}

std::unique_ptr<ConnectionAcceptor> AcceptConnections(
    const ListeningSockets& sockets, std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> server,
    std::shared_ptr<const HeldBack> held_back) {
  const auto max_silent = static_cast<size_t>(MaxDescriptors() / kDescriptorsForSilentConnection);
  // What the guard does not see between two looks stays far from the last descriptor: others need some too.
  const int max_descriptor = std::min(MaxDescriptors() / 2, 2 * kMaxConnections);
  return std::make_unique<ConnectionAcceptor>(
      sockets,
      ConnectionAcceptorLimits{.first_bytes = kFirstBytesOfConnection,
                               .patience = kHandshakeTimeout,
                               .max_silent = std::min(max_silent, kMaxSilentConnections),
                               .max_silent_of_address = std::min(max_silent, kMaxSilentConnectionsOfAddress),
                               .max_descriptor = max_descriptor,
                               .no_descriptor_pause = kNoDescriptorPause,
                               .tell_interval = kCrowdTellInterval},
      std::move(held_back),
      [server = std::shared_ptr<grpc::experimental::ExternalConnectionAcceptor>(std::move(server))](int listener,
                                                                                                    int connection) {
        grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters parameters;
        parameters.listener_fd = listener;
        parameters.fd = connection;
        server->HandleNewConnection(&parameters);
      },
      [](const ClosedConnections& closed) {
        spdlog::warn("too many connections at once: {} that said nothing were cut off, and {} refused", closed.silent,
                     closed.crowded);
      });
}

}  // namespace muster
