#include "service/gate.h"

#include "absl/time/clock.h"
#include "domain/token.h"
#include "service/call_trace.h"
#include "service/errors.h"

namespace muster {
namespace {

// Whether every one of these calls is in the audit.
bool IsAudited(Call call) {
  switch (call) {
    case Call::kSubmitResults:
    case Call::kStreamResults:
    case Call::kCreateOperation:
    case Call::kUpdateOperation:
    case Call::kCloseOperation:
    case Call::kReopenOperation:
    case Call::kVerifyTotals:
    case Call::kBackup:
      return true;
    default:
      return false;
  }
}

AuditDecision DecisionOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return AuditDecision::kAllowed;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
      return AuditDecision::kRefused;
    default:
      return AuditDecision::kFailed;
  }
}

}  // namespace

AuditEntry Gate::EntryOf(const Admission& admission, std::string object) {
  AuditEntry entry;
  entry.caller = admission.rights == nullptr ? "" : admission.rights->who();
  entry.certificate_serial = admission.caller.certificate_serial;
  entry.token = admission.token_id;
  entry.call = std::string(NameOf(admission.call));
  entry.object = std::move(object);
  entry.request_id = admission.request_id;
  return entry;
}

absl::StatusOr<Admission> Gate::Admit(const grpc::CallbackServerContext& context, Call call) const {
  Admission admission;
  admission.call = call;
  admission.request_id = TraceOf(context).request_id;
  absl::StatusOr<Caller> caller = identify_ ? identify_(context) : callers_.Identify(context);
  if (!caller.ok()) return Refuse(admission, "", caller.status());
  admission.caller = *std::move(caller);
  const auto header = context.client_metadata().find("authorization");
  if (header != context.client_metadata().end()) {
    admission.token_digest = BearerDigest({header->second.data(), header->second.size()});
  }
  if (absl::Status status = Renew(&admission); !status.ok()) return status;
  return admission;
}

absl::Status Gate::Renew(Admission* admission) const {
  if (admission->token_digest.empty()) {
    admission->rights = rights_.Current()->Of(admission->caller);
  } else {
    const absl::StatusOr<TokenRights> token = tokens_.Find(admission->token_digest, absl::Now());
    if (!token.ok()) return Refuse(*admission, "", token.status());
    admission->token_id = token->id;
    admission->rights = rights_.Current()->Of(admission->caller, *token);
  }
  if (absl::Status status = admission->rights->MayCall(admission->call); !status.ok()) {
    return Refuse(*admission, "", std::move(status));
  }
  return IsAudited(admission->call) ? audit_.CheckWritable() : absl::OkStatus();
}

absl::Status Gate::Refuse(const Admission& admission, std::string object, absl::Status refused) const {
  // What cannot be written down would wait in memory for as long as somebody goes on trying.
  if (absl::Status writable = audit_.CheckWritable(); !writable.ok()) return writable;
  Record(admission, std::move(object), refused);
  return refused;
}

absl::Status Gate::AdmitRead(const Admission& admission, std::string object) const {
  if (absl::Status writable = audit_.CheckWritable(); !writable.ok()) return writable;
  audit_.Append(EntryOf(admission, std::move(object)));
  return absl::OkStatus();
}

void Gate::Record(const Admission& admission, std::string object, const absl::Status& status) const {
  if (absl::IsResourceExhausted(status)) return;
  AuditEntry entry = EntryOf(admission, std::move(object));
  entry.decision = DecisionOf(status);
  entry.reason = ReasonTold(status);
  audit_.Append(std::move(entry));
}

void Gate::RecordResults(const Admission& admission, std::string object, bool validate_only,
                         const google::protobuf::RepeatedPtrField<v1::Receipt>& receipts) const {
  AuditEntry entry = EntryOf(admission, std::move(object));
  entry.validate_only = validate_only;
  bool any_taken = false;
  for (const v1::Receipt& receipt : receipts) {
    ++entry.outcomes[static_cast<size_t>(receipt.outcome())];
    const bool is_refused = receipt.has_problem();
    any_taken = any_taken || !is_refused;
    if (is_refused && receipt.problem().code() == static_cast<int>(absl::StatusCode::kPermissionDenied)) {
      ++entry.not_yours;
    }
  }
  if (!any_taken) entry.decision = AuditDecision::kRefused;
  if (entry.not_yours > 0) {
    entry.reason = "FORCE_NOT_YOURS";
  } else if (!any_taken) {
    entry.reason = "NO_RESULT_TAKEN";
  }
  audit_.Append(std::move(entry));
}

}  // namespace muster
