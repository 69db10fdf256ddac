// A channel as the clients of Muster use it. For whoever speaks gRPC themselves; MusterClient has its own.
#ifndef MUSTER_CLIENTS_CPP_CHANNEL_H_
#define MUSTER_CLIENTS_CPP_CHANNEL_H_

#include <memory>
#include <string>

#include "clients/cpp/client_tls.h"
#include "grpcpp/channel.h"

namespace muster {

// Connects when it is first needed, and again after at most two seconds whenever it must. Answers of up to 64 MiB are
// taken. Without TLS if `tls` is not enabled.
std::shared_ptr<grpc::Channel> MakeChannel(const std::string& server_address, const ClientTls& tls);

// For who makes channels otherwise: call it before the first one, in any thread. MakeChannel does.
void PrepareToConnect();

}  // namespace muster

#endif  // MUSTER_CLIENTS_CPP_CHANNEL_H_
