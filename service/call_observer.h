// Sees every call begin and end, in one place for all of them.
#ifndef MUSTER_SERVICE_CALL_OBSERVER_H_
#define MUSTER_SERVICE_CALL_OBSERVER_H_

#include <memory>

#include "grpcpp/support/server_interceptor.h"
#include "service/metrics.h"
#include "service/open_calls.h"

namespace muster {

// Counts and times every call, reads its trace, and logs those that failed by a fault of the server; at level debug
// all. To come after whatever changes the status of a call. `metrics` is shared with the calls; `open_calls`, which is
// told when a call begins and when it is over, must outlive the server.
std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> ObserveCalls(std::shared_ptr<Metrics> metrics,
                                                                                    OpenCalls& open_calls);

}  // namespace muster

#endif  // MUSTER_SERVICE_CALL_OBSERVER_H_
