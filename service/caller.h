// Who is calling.
#ifndef MUSTER_SERVICE_CALLER_H_
#define MUSTER_SERVICE_CALLER_H_

#include <string>

#include "absl/status/statusor.h"
#include "domain/identity.h"
#include "grpcpp/server_context.h"

namespace muster {

struct Caller {
  CallerRole role = CallerRole::kOperator;
  std::string name;                // Within its role: the id of a force, the slug of a regional unit, or a person's.
  std::string certificate_serial;  // Lower-case hexadecimal digits; empty without a certificate.
};

// Tells who makes a call. Every handler asks this first, so that there is one place to say who is who. Thread-safe.
class Callers {
 public:
  // Without TLS the server listens on loopback only, and everyone there is the local operator, who may do everything.
  absl::StatusOr<Caller> Identify(const grpc::CallbackServerContext& context) const;
};

}  // namespace muster

#endif  // MUSTER_SERVICE_CALLER_H_
