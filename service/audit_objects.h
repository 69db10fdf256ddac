// What a call was about, as the audit writes it: "county-lines-2021-10/kent". Names that are not known are "?", because
// they may hold anything that a caller wrote; of many things the first few are named.
#ifndef MUSTER_SERVICE_AUDIT_OBJECTS_H_
#define MUSTER_SERVICE_AUDIT_OBJECTS_H_

#include <string>

#include "absl/strings/string_view.h"
#include "domain/catalogue.h"
#include "domain/operation.h"
#include "google/protobuf/repeated_field.h"
#include "muster/v1/result.pb.h"

namespace muster {

std::string AuditObject(absl::string_view operation, const OperationDirectory& operations);
std::string AuditObject(absl::string_view operation, absl::string_view force, const OperationDirectory& operations,
                        const Catalogue& catalogue);
// Of the results of one message: "a/kent a/surrey b/kent".
std::string AuditObject(const google::protobuf::RepeatedPtrField<v1::OperationResult>& results,
                        const OperationDirectory& operations, const Catalogue& catalogue);
// Of a question; where it names none, it is about all: "*/kent,surrey".
std::string AuditObject(const google::protobuf::RepeatedPtrField<std::string>& asked_operations,
                        const google::protobuf::RepeatedPtrField<std::string>& asked_forces,
                        const OperationDirectory& operations, const Catalogue& catalogue);

}  // namespace muster

#endif  // MUSTER_SERVICE_AUDIT_OBJECTS_H_
