// What clients can make gRPC hold and do, whoever they are.
#ifndef MUSTER_SERVICE_CONNECTION_LIMITS_H_
#define MUSTER_SERVICE_CONNECTION_LIMITS_H_

#include <memory>

#include "grpcpp/server_builder.h"
#include "service/connection_acceptor.h"
#include "service/connection_guard.h"
#include "service/held_back.h"
#include "service/listening_sockets.h"

namespace muster {

// Gives a server the bounds of service/limits.h for each connection, and for all of them together.
void LimitConnections(grpc::ServerBuilder* builder);

// What gRPC does not bound, for the server on this port. Logs whom it cuts off, and holds back who comes from there.
std::unique_ptr<ConnectionGuard> GuardConnections(int port, std::shared_ptr<HeldBack> held_back);

// Takes connections for a server that has begun, until it goes; it must go before the server ends. `sockets` must
// outlive it.
std::unique_ptr<ConnectionAcceptor> AcceptConnections(
    const ListeningSockets& sockets, std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> server,
    std::shared_ptr<const HeldBack> held_back);

}  // namespace muster

#endif  // MUSTER_SERVICE_CONNECTION_LIMITS_H_
