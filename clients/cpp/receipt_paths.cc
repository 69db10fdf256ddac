#include "clients/cpp/receipt_paths.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"

namespace muster {

void RenumberPaths(size_t first_index, google::protobuf::RepeatedPtrField<v1::Receipt>& receipts) {
  if (first_index == 0) return;
  for (int index = 0; index < receipts.size(); ++index) {
    v1::Receipt& receipt = receipts[index];
    const std::string sent = absl::StrCat("results[", index, "]");
    const std::string ours = absl::StrCat("results[", first_index + static_cast<size_t>(index), "]");
    const auto renumber = [&](std::string* path) {
      if (absl::StartsWith(*path, sent)) path->replace(0, sent.size(), ours);
    };
    for (v1::Warning& warning : *receipt.mutable_warnings()) renumber(warning.mutable_field());
    if (!receipt.has_problem()) continue;
    for (google::protobuf::Any& detail : *receipt.mutable_problem()->mutable_details()) {
      google::rpc::BadRequest bad_request;
      if (!detail.Is<google::rpc::BadRequest>() || !detail.UnpackTo(&bad_request)) continue;
      for (auto& violation : *bad_request.mutable_field_violations()) renumber(violation.mutable_field());
      detail.PackFrom(bad_request);
    }
  }
}

}  // namespace muster
