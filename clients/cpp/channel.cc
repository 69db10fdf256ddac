#include "clients/cpp/channel.h"

#include "absl/base/internal/sysinfo.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/support/channel_arguments.h"

namespace muster {
namespace {

// The largest answer that is taken. Pages keep answers far below it; without a bound a wrong server could fill the
// memory.
constexpr int kMaxReceiveBytes = 64 * 1024 * 1024;

// How fast the channel itself tries to connect again. Shorter than gRPC's own, which waits up to two minutes: the
// waits between attempts are RetryPolicy's business.
constexpr int kFirstReconnectMilliseconds = 100;
constexpr int kMaxReconnectMilliseconds = 2'000;
// How long one attempt may take, which is what gRPC calls the least backoff: a busy server needs more than a moment.
constexpr int kConnectMilliseconds = 5'000;

}  // namespace

// gRPC 1.51 looks at errno only some steps after connect(), and one of those steps may wait for a mutex. The first wait
// in a process has Abseil look up the number of processors and their frequency, in files that machines may lack, and so
// a connection under way fails as "No such file or directory". Here both are looked up, which happens once.
void PrepareToConnect() {
  absl::base_internal::NumCPUs();
  absl::base_internal::NominalCPUFrequency();
}

std::shared_ptr<grpc::Channel> MakeChannel(const std::string& server_address, const ClientTls& tls) {
  PrepareToConnect();
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxReceiveBytes);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kFirstReconnectMilliseconds);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kConnectMilliseconds);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kMaxReconnectMilliseconds);
  std::shared_ptr<grpc::ChannelCredentials> credentials = grpc::InsecureChannelCredentials();
  if (tls.enabled()) {
    credentials =
        grpc::SslCredentials({.pem_root_certs = tls.ca, .pem_private_key = tls.key, .pem_cert_chain = tls.certificate});
  }
  return grpc::CreateCustomChannel(server_address, credentials, arguments);
}

}  // namespace muster
