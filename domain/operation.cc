#include "domain/operation.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "domain/quote.h"

namespace muster {
namespace {

// Where a list of ids is wrong: unknown or repeated ones.
template <typename Find, typename Nearest>
void CheckIds(const google::protobuf::RepeatedPtrField<std::string>& ids, absl::string_view field,
              absl::string_view what, absl::string_view unknown_reason, const Find& find, const Nearest& nearest,
              FieldProblems* problems) {
  std::set<std::string> seen;
  for (int index = 0; index < ids.size(); ++index) {
    const std::string& id = ids.Get(index);
    if (!find(id)) {
      problems->push_back({absl::StrCat(field, "[", index, "]"), std::string(unknown_reason),
                           absl::StrCat(Quote(id), " is no known ", what, DidYouMean(nearest(id)))});
    } else if (!seen.insert(id).second) {
      problems->push_back({absl::StrCat(field, "[", index, "]"), "REPEATED",
                           absl::StrCat("\"", id, "\" is named twice; name each ", what, " once")});
    }
  }
}

// Whether `time` is within what protobuf calls a timestamp.
bool IsTimestamp(const google::protobuf::Timestamp& time) {
  constexpr int64_t kFirstSecond = -62'135'596'800;  // 0001-01-01T00:00:00Z
  constexpr int64_t kLastSecond = 253'402'300'799;   // 9999-12-31T23:59:59Z
  return time.seconds() >= kFirstSecond && time.seconds() <= kLastSecond && time.nanos() >= 0 &&
         time.nanos() < 1'000'000'000;
}

}  // namespace

FieldProblems CheckOperation(const v1::Operation& operation, const Catalogue& catalogue, absl::string_view path) {
  FieldProblems problems;
  const auto field = [path](absl::string_view name) {
    return path.empty() ? std::string(name) : absl::StrCat(path, ".", name);
  };
  if (!IsCatalogueId(operation.id())) {
    problems.push_back(
        {field("id"), "OPERATION_ID_MALFORMED",
         absl::StrCat("is ", Quote(operation.id()), "; must be lower-case words joined by hyphens, at most 64 bytes")});
  }
  if (operation.title().empty() || operation.title().size() > kMaxOperationTitleBytes) {
    problems.push_back(
        {field("title"), "TITLE_LENGTH",
         absl::StrCat("has ", operation.title().size(), " bytes; must have 1 to ", kMaxOperationTitleBytes)});
  }
  const std::optional<absl::CivilDay> first = ParseCivilDay(operation.start_date());
  const std::optional<absl::CivilDay> last = ParseCivilDay(operation.end_date());
  for (const auto& [name, text, day] : {std::tuple{"start_date", &operation.start_date(), first},
                                        std::tuple{"end_date", &operation.end_date(), last}}) {
    if (!day) {
      problems.push_back(
          {field(name), "DATE_MALFORMED", absl::StrCat("is ", Quote(*text), "; must be a day like 2021-10-15")});
    }
  }
  if (first && last && *last < *first) {
    problems.push_back({field("end_date"), "PERIOD_REVERSED",
                        absl::StrCat("is ", operation.end_date(), ", before the start on ", operation.start_date())});
  } else if (first && last && *last - *first >= kMaxOperationDays) {
    problems.push_back({field("end_date"), "PERIOD_TOO_LONG",
                        absl::StrCat("makes a window of ", *last - *first + 1, " days; at most ", kMaxOperationDays)});
  }
  if (operation.has_due_time() && !IsTimestamp(operation.due_time())) {
    problems.push_back({field("due_time"), "TIME_MALFORMED", "is no time between the years 1 and 9999"});
  }
  CheckIds(
      operation.expected_forces(), field("expected_forces"), "force", "UNKNOWN_FORCE",
      [&](const std::string& id) { return catalogue.FindForce(id).has_value(); },
      [&](const std::string& id) { return catalogue.NearestForce(id); }, &problems);
  CheckIds(
      operation.expected_metrics(), field("expected_metrics"), "metric", "UNKNOWN_METRIC",
      [&](const std::string& id) { return catalogue.FindMetric(id).has_value(); },
      [&](const std::string& id) { return catalogue.NearestMetric(id); }, &problems);
  return problems;
}

Operation::Operation(v1::Operation operation_proto, const Catalogue& catalogue)
    : proto(std::move(operation_proto)),
      window{ParseCivilDay(proto.start_date()).value(), ParseCivilDay(proto.end_date()).value()} {
  if (proto.has_due_time()) {
    due_time = absl::FromUnixSeconds(proto.due_time().seconds()) + absl::Nanoseconds(proto.due_time().nanos());
  }
  for (const std::string& id : proto.expected_forces()) expected_forces.push_back(catalogue.FindForce(id).value());
  if (expected_forces.empty()) expected_forces = catalogue.territorial_forces();
  std::sort(expected_forces.begin(), expected_forces.end());
}

OperationDirectory::OperationDirectory(Map operations) : operations_(std::move(operations)) {
  for (const auto& [id, operation] : operations_) by_id_.emplace(operation->proto.id(), operation.get());
}

const Operation* OperationDirectory::Get(absl::string_view id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second;
}

std::shared_ptr<const Operation> OperationDirectory::Find(absl::string_view id) const {
  const auto found = operations_.find(std::string(id));
  return found == operations_.end() ? nullptr : found->second;
}

std::string OperationDirectory::Nearest(absl::string_view id) const {
  std::vector<absl::string_view> known;
  known.reserve(operations_.size());
  for (const auto& [name, unused] : operations_) known.emplace_back(name);
  return NearestName(id, known);
}

OperationDirectory OperationDirectory::With(std::shared_ptr<const Operation> operation) const {
  Map operations = operations_;
  const std::string id = operation->proto.id();
  operations[id] = std::move(operation);
  return OperationDirectory(std::move(operations));
}

}  // namespace muster
