// Channels to servers under test.
#ifndef MUSTER_BENCH_LOAD_CONNECTION_H_
#define MUSTER_BENCH_LOAD_CONNECTION_H_

#include <memory>
#include <string>

#include "grpcpp/channel.h"

namespace muster::bench {

// A channel that shares its connection with no other, as force systems on different machines do. Takes answers of any
// size.
std::shared_ptr<grpc::Channel> OwnConnection(const std::string& address);

}  // namespace muster::bench

#endif  // MUSTER_BENCH_LOAD_CONNECTION_H_
