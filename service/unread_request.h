// SubmitResults with a request that is received only when its handler asks for it.
#ifndef MUSTER_SERVICE_UNREAD_REQUEST_H_
#define MUSTER_SERVICE_UNREAD_REQUEST_H_

#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "muster/v1/ingest_service.grpc.pb.h"

namespace muster {

// A generated service on top of `Base` whose SubmitResults is handled like a stream of one message each way, which is
// what it is on the wire. gRPC receives the whole request of a call that it knows to be unary before it asks anybody;
// this way one that is refused costs what its client sends unasked, which flow control bounds.
template <class Base>
class WithUnreadMethod_SubmitResults : public Base {
 public:
  WithUnreadMethod_SubmitResults() {
    constexpr int kIndex = 0;  // Of the method in its service, as in the generated code.
    grpc::Service::MarkMethodStreamed(kIndex, nullptr);
    grpc::Service::MarkMethodRawCallback(
        kIndex, new grpc::internal::CallbackBidiHandler<grpc::ByteBuffer, grpc::ByteBuffer>(
                    [this](grpc::CallbackServerContext* context) { return SubmitUnreadResults(context); }));
  }

  // The reactor reads one message, and finishes after it wrote one, or with an error.
  virtual grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* SubmitUnreadResults(
      grpc::CallbackServerContext* context) = 0;
};

}  // namespace muster

#endif  // MUSTER_SERVICE_UNREAD_REQUEST_H_
