#include "bench/load/connection.h"

#include "clients/cpp/channel.h"
#include "grpcpp/grpcpp.h"

namespace muster::bench {

std::shared_ptr<grpc::Channel> OwnConnection(const std::string& address) {
  PrepareToConnect();
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxReceiveMessageSize(-1);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

}  // namespace muster::bench
