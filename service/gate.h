// What every call passes: who calls, whether it may, and what is written down of it.
#ifndef MUSTER_SERVICE_GATE_H_
#define MUSTER_SERVICE_GATE_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/repeated_field.h"
#include "grpcpp/server_context.h"
#include "muster/v1/result.pb.h"
#include "service/audit_log.h"
#include "service/caller.h"
#include "service/rights.h"
#include "service/rights_keeper.h"
#include "service/token_keeper.h"

namespace muster {

// A call that may go on, as far as the caller alone decides: what it is about is still to be asked of `rights`.
struct Admission {
  Call call = Call::kGetCatalogue;
  Caller caller;
  std::string request_id;
  std::string token_digest;  // Of the bearer token that came with it; empty without one.
  std::string token_id;
  std::shared_ptr<const CallerRights> rights;
};

// Tells who makes a call, as Callers::Identify. Thread-safe.
using Identify = std::function<absl::StatusOr<Caller>(const grpc::CallbackServerContext&)>;

// Thread-safe.
class Gate {
 public:
  // Not owned; must outlive this object. `identify`, unless it is empty, tells callers apart instead of `callers`.
  Gate(const Callers& callers, Identify identify, const RightsKeeper& rights, const TokenKeeper& tokens,
       AuditLog& audit)
      : callers_(callers), identify_(std::move(identify)), rights_(rights), tokens_(tokens), audit_(audit) {}

  // Every handler asks this before anything else. A refusal is in the audit.
  //
  // PERMISSION_DENIED  CALL_NOT_YOURS: nothing about which the caller may make this call
  // UNAUTHENTICATED    TOKEN_NOT_VALID, TOKEN_EXPIRED: it comes with a bearer token that is no good
  // UNAVAILABLE        AUDIT_UNAVAILABLE: the call, or its refusal, would have to be in the audit
  // and whatever Callers::Identify says.
  absl::StatusOr<Admission> Admit(const grpc::CallbackServerContext& context, Call call) const;

  // The same once more for a call that goes on for long: with the rights that apply now.
  absl::Status Renew(Admission* admission) const;

  // See Callers::WatchCall.
  std::unique_ptr<Callers::Watch> WatchCall(const grpc::CallbackServerContext& context,
                                            std::function<void(const absl::Status&)> refused) const {
    return callers_.WatchCall(context, std::move(refused));
  }

  // Puts it into the audit that the call is refused for what it is about. Returns what to answer: `refused`, or
  // AUDIT_UNAVAILABLE.
  absl::Status Refuse(const Admission& admission, std::string object, absl::Status refused) const;

  // Before the figures of another body are read. UNAVAILABLE, AUDIT_UNAVAILABLE: they may not be.
  absl::Status AdmitRead(const Admission& admission, std::string object) const;

  // After a call that changes something, or looks after the store. What there was no room for is not in the audit:
  // nothing was decided of it.
  void Record(const Admission& admission, std::string object, const absl::Status& status) const;
  // After the results of one message were decided.
  void RecordResults(const Admission& admission, std::string object, bool validate_only,
                     const google::protobuf::RepeatedPtrField<v1::Receipt>& receipts) const;

 private:
  static AuditEntry EntryOf(const Admission& admission, std::string object);

  const Callers& callers_;
  const Identify identify_;
  const RightsKeeper& rights_;
  const TokenKeeper& tokens_;
  AuditLog& audit_;
};

}  // namespace muster

#endif  // MUSTER_SERVICE_GATE_H_
