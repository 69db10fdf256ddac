// What tells one call from all others, here and in the logs of whoever sent it.
#ifndef MUSTER_SERVICE_CALL_TRACE_H_
#define MUSTER_SERVICE_CALL_TRACE_H_

#include <memory>
#include <string>
#include <string_view>

#include "grpcpp/server_context.h"

namespace muster {

inline constexpr char kRequestIdKey[] = "x-request-id";  // Of metadata, either way.
inline constexpr char kTraceparentKey[] = "traceparent";

struct CallTrace {
  // The caller's, if it gave a well-formed one; otherwise made here. It is sent back with the answer.
  std::string request_id;
  // The caller's, of W3C Trace Context; empty if it gave none, or a malformed one.
  std::string traceparent;
};

// 1 to 64 of A-Z a-z 0-9 . _ : -
bool IsRequestId(std::string_view text);
// Of version 00: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".
bool IsTraceparent(std::string_view text);

// One that no other call has: 32 hexadecimal digits. Thread-safe.
std::string MakeRequestId();

// Of a call that this server serves, until it is over; empty for any other.
const CallTrace& TraceOf(const grpc::ServerContextBase& context);

// Takes the trace of a call from its metadata. Once, before anybody asks for it.
void ReadTrace(grpc::ServerContextBase& context);

// What gives every call a context that has room for its trace.
std::unique_ptr<grpc::ContextAllocator> TracedContexts();

}  // namespace muster

#endif  // MUSTER_SERVICE_CALL_TRACE_H_
