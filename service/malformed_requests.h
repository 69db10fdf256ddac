// Says so when a request cannot be read.
#ifndef MUSTER_SERVICE_MALFORMED_REQUESTS_H_
#define MUSTER_SERVICE_MALFORMED_REQUESTS_H_

#include <memory>

#include "grpcpp/support/server_interceptor.h"

namespace muster {

// gRPC answers a unary request that it cannot read with UNIMPLEMENTED and no word, before a handler sees it. This
// interceptor makes it INVALID_ARGUMENT with MALFORMED_MESSAGE. Streams read their messages themselves.
std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> ExplainMalformedRequests();

}  // namespace muster

#endif  // MUSTER_SERVICE_MALFORMED_REQUESTS_H_
