#include "service/audit_objects.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace muster {
namespace {

constexpr int kMaxNamed = 4;
constexpr absl::string_view kUnknown = "?";

absl::string_view Known(absl::string_view operation, const OperationDirectory& operations) {
  return operations.Get(operation) == nullptr ? kUnknown : operation;
}

absl::string_view Known(absl::string_view force, const Catalogue& catalogue) {
  return catalogue.FindForce(force) ? force : kUnknown;
}

std::string More(size_t count) { return absl::StrCat("and ", count, " more"); }

template <typename Names>
std::string List(const google::protobuf::RepeatedPtrField<std::string>& asked, const Names& names) {
  if (asked.empty()) return "*";
  std::vector<std::string> known;
  for (int index = 0; index < std::min(asked.size(), kMaxNamed); ++index) {
    known.emplace_back(Known(asked[index], names));
  }
  if (asked.size() > kMaxNamed) known.push_back(More(static_cast<size_t>(asked.size() - kMaxNamed)));
  return absl::StrJoin(known, ",");
}

}  // namespace

std::string AuditObject(absl::string_view operation, const OperationDirectory& operations) {
  return std::string(Known(operation, operations));
}

std::string AuditObject(absl::string_view operation, absl::string_view force, const OperationDirectory& operations,
                        const Catalogue& catalogue) {
  return absl::StrCat(Known(operation, operations), "/", Known(force, catalogue));
}

std::string AuditObject(const google::protobuf::RepeatedPtrField<v1::OperationResult>& results,
                        const OperationDirectory& operations, const Catalogue& catalogue) {
  if (results.empty()) return "";
  if (results.size() == 1) {  // Where calls are many, this is what they are.
    return AuditObject(results[0].operation(), results[0].force(), operations, catalogue);
  }
  std::vector<std::pair<absl::string_view, absl::string_view>> named;
  size_t others = 0;
  std::pair<absl::string_view, absl::string_view> last;
  for (const v1::OperationResult& result : results) {
    const std::pair<absl::string_view, absl::string_view> pair(result.operation(), result.force());
    if (!named.empty() && pair == last) continue;  // Nearly always.
    last = pair;
    if (std::find(named.begin(), named.end(), pair) != named.end()) continue;
    if (named.size() < static_cast<size_t>(kMaxNamed)) {
      named.push_back(pair);
    } else {
      ++others;  // What comes back after another is counted again.
    }
  }
  std::vector<std::string> objects;
  objects.reserve(named.size() + 1);
  for (const auto& [operation, force] : named) objects.push_back(AuditObject(operation, force, operations, catalogue));
  if (others > 0) objects.push_back(More(others));
  return absl::StrJoin(objects, " ");
}

std::string AuditObject(const google::protobuf::RepeatedPtrField<std::string>& asked_operations,
                        const google::protobuf::RepeatedPtrField<std::string>& asked_forces,
                        const OperationDirectory& operations, const Catalogue& catalogue) {
  return absl::StrCat(List(asked_operations, operations), "/", List(asked_forces, catalogue));
}

}  // namespace muster
