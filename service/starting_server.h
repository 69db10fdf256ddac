// Answers on the address of the server while there is nothing to serve yet.
#ifndef MUSTER_SERVICE_STARTING_SERVER_H_
#define MUSTER_SERVICE_STARTING_SERVER_H_

#include <memory>
#include <string>

#include "grpcpp/generic/async_generic_service.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server.h"
#include "service/connection_acceptor.h"
#include "service/connection_guard.h"
#include "service/foreign_calls.h"
#include "service/listening_sockets.h"

namespace muster {

// Health says NOT_SERVING, of the whole and of any service; every other call gets UNAVAILABLE, SERVER_STARTING, with
// RetryInfo. It has no store and nothing else to serve anything from. Connections have the bounds that they have later.
// Ends when it goes.
class StartingServer {
 public:
  // `sockets` must outlive it. Who calls is asked of `check`, as later, unless it is empty. nullptr if gRPC does not
  // begin.
  static std::unique_ptr<StartingServer> Start(const ListeningSockets& sockets,
                                               std::shared_ptr<grpc::ServerCredentials> credentials,
                                               CheckCertificate check);
  ~StartingServer();
  StartingServer(const StartingServer&) = delete;
  StartingServer& operator=(const StartingServer&) = delete;

 private:
  class Answer;
  class AnyCall final : public grpc::CallbackGenericService {
   public:
    grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* context) override;
  };

  StartingServer() = default;

  AnyCall any_call_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<ConnectionGuard> guard_;
  std::unique_ptr<ConnectionAcceptor> acceptor_;
};

}  // namespace muster

#endif  // MUSTER_SERVICE_STARTING_SERVER_H_
