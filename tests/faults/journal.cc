#include "tests/faults/journal.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "aggregator/totals.h"
#include "aggregator/totals_query.h"
#include "aggregator/verification.h"
#include "tests/aggregator/plain_model.h"

namespace muster {
namespace {

constexpr size_t kMaxListed = 10;

std::string NameOfKey(const v1::OperationResult& result) {
  return absl::StrCat(result.operation(), "/", result.force(), "/", result.result_id());
}

std::string NameOf(const v1::OperationResult& result) {
  return absl::StrCat(NameOfKey(result), " revision ", result.revision());
}

// By metric, force and category: whatever is counted wrongly shows.
v1::TotalsQuery EveryTotal(const Catalogue& catalogue) {
  v1::TotalsQuery query;
  query.add_group_by(v1::GROUP_BY_OPERATION);
  query.add_group_by(v1::GROUP_BY_FORCE);
  query.add_group_by(v1::GROUP_BY_CATEGORY);
  for (const v1::Metric& metric : catalogue.proto().metrics()) {
    if (metric.additivity() != v1::ADDITIVITY_NOT_ADDITIVE) query.add_metrics(metric.id());
  }
  return query;
}

template <typename Rows>
std::vector<std::string> Comparable(Rows rows) {
  std::vector<std::string> lines;
  for (v1::TotalsRow& row : rows) {
    std::sort(row.mutable_categories()->begin(), row.mutable_categories()->end());
    lines.push_back(row.ShortDebugString());
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

std::vector<std::string> WrongTotals(const Catalogue& catalogue, const Cubes& cubes, const PlainModel& model) {
  const v1::TotalsQuery query = EveryTotal(catalogue);
  FieldProblems problems;
  const std::optional<TotalsQuery> parsed = ParseTotalsQuery(query, "query", catalogue, *cubes.operations(), &problems);
  if (!parsed.has_value()) return {absl::StrCat("the query is wrong: ", problems.front().description)};
  v1::QueryTotalsResponse answer;
  const absl::Status answered = ComputeTotals(cubes, *parsed, &answer);
  if (!answered.ok()) return {absl::StrCat("no totals: ", answered.ToString())};
  const std::vector<std::string> served = Comparable(std::move(*answer.mutable_rows()));
  const std::vector<std::string> right = Comparable(model.Totals(query));
  std::vector<std::string> wrong;
  std::set_difference(served.begin(), served.end(), right.begin(), right.end(), std::back_inserter(wrong));
  for (std::string& line : wrong) line = absl::StrCat("served, but wrong: ", line);
  const size_t served_wrong = wrong.size();
  std::set_difference(right.begin(), right.end(), served.begin(), served.end(), std::back_inserter(wrong));
  for (size_t i = served_wrong; i < wrong.size(); ++i) wrong[i] = absl::StrCat("right, but not served: ", wrong[i]);
  return wrong;
}

}  // namespace

Journal::Sent* Journal::Find(const v1::OperationResult& result) {
  const Sha256Digest digest = DigestOf(result);
  for (Sent& sent : sent_[NameOfKey(result)]) {
    if (sent.digest == digest) return &sent;
  }
  return nullptr;
}

void Journal::Send(const v1::OperationResult& result) {
  const std::lock_guard lock(mutex_);
  if (Find(result) == nullptr) sent_[NameOfKey(result)].push_back({result, DigestOf(result), false});
}

void Journal::Acknowledge(const v1::OperationResult& result, v1::Outcome outcome) {
  const std::lock_guard lock(mutex_);
  Sent* const sent = Find(result);
  const auto wrong = [&](absl::string_view why) {
    wrong_receipts_.push_back(absl::StrCat(NameOf(result), " ", why, ": ", v1::Outcome_Name(outcome)));
  };
  if (sent == nullptr) return wrong("was never sent");
  const std::vector<Sent>& all = sent_[NameOfKey(result)];
  const auto any = [&](auto holds) { return std::any_of(all.begin(), all.end(), holds); };
  switch (outcome) {
    case v1::OUTCOME_ACCEPTED:
    case v1::OUTCOME_REVISED:
    case v1::OUTCOME_RETRACTED:
      if (sent->is_acknowledged) return wrong("had been acknowledged, and was taken once more");
      break;
    case v1::OUTCOME_DUPLICATE:
      break;
    case v1::OUTCOME_CONFLICT:
      if (sent->is_acknowledged) return wrong("had been acknowledged, and is not what is stored");
      if (!any([&](const Sent& s) { return s.result.revision() == result.revision() && s.digest != sent->digest; })) {
        return wrong("conflicts with nothing that was sent");
      }
      return;
    case v1::OUTCOME_STALE:
      if (!any([&](const Sent& s) { return s.result.revision() > result.revision(); })) {
        return wrong("is older than nothing that was sent");
      }
      return;
    default:
      return wrong("is valid");
  }
  if (!sent->is_acknowledged) ++acknowledged_count_;
  sent->is_acknowledged = true;
}

void Journal::SendOperation(const v1::Operation& operation) {
  const std::lock_guard lock(mutex_);
  operations_[operation.id()].operation = operation;
}

void Journal::AcknowledgeOperation(const v1::Operation& operation) {
  const std::lock_guard lock(mutex_);
  SentOperation& sent = operations_.at(operation.id());
  if (!sent.is_acknowledged) ++acknowledged_count_;
  sent.is_acknowledged = true;
}

int64_t Journal::acknowledged_count() const {
  const std::lock_guard lock(mutex_);
  return acknowledged_count_;
}

std::vector<std::string> Journal::BrokenLaws(const Store& store, const Cubes& cubes) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> broken = wrong_receipts_;
  const auto say = [&broken](auto... words) { broken.push_back(absl::StrCat(words...)); };

  PlainModel model(catalogue_->proto());
  for (const v1::Operation& operation : catalogue_->proto().operations()) model.AddOperation(operation);
  std::set<const Sent*> logged;
  std::set<std::string> logged_operations;
  std::map<std::string, LogPosition> newest;  // By name of the key.
  const absl::Status replayed = store.Replay(1, [&](const LoggedEntry& entry) {
    if (entry.entry.has_operation()) {
      const v1::Operation& operation = entry.entry.operation().operation();
      model.AddOperation(operation);
      if (operations_.count(operation.id()) == 0) say("operation ", operation.id(), " was never sent");
      if (!logged_operations.insert(operation.id()).second) say("operation ", operation.id(), " is there twice");
      return absl::OkStatus();
    }
    const store::v1::LoggedResult& result = entry.entry.result();
    const std::string name = absl::StrCat(NameOf(result.result()), " at position ", entry.position);
    const Sha256Digest digest = DigestOf(result.result());
    if (!std::equal(digest.begin(), digest.end(), result.digest().begin(), result.digest().end(),
                    [](uint8_t a, char b) { return a == static_cast<uint8_t>(b); })) {
      say(name, " has another digest than its content");
    }
    const Sent* found = nullptr;
    if (const auto sent = sent_.find(NameOfKey(result.result())); sent != sent_.end()) {
      for (const Sent& candidate : sent->second) {
        if (candidate.digest == digest) found = &candidate;
      }
    }
    if (found == nullptr) say(name, " was never sent");
    if (found != nullptr && !logged.insert(found).second) say(name, " is there twice");
    const v1::Outcome outcome = model.Submit(result.result());
    if (outcome != result.outcome()) {
      say(name, " is logged as ", v1::Outcome_Name(result.outcome()), " and should be ", v1::Outcome_Name(outcome));
    }
    newest[NameOfKey(result.result())] = entry.position;
    return absl::OkStatus();
  });
  if (!replayed.ok()) say("the log cannot be read: ", replayed.ToString());

  std::vector<ResultKey> keys;  // Views of what is in sent_.
  for (const auto& [name, all] : sent_) {
    keys.push_back(KeyOf(all.front().result));
    for (const Sent& sent : all) {
      if (sent.is_acknowledged && logged.count(&sent) == 0) {
        say(NameOf(sent.result), " was acknowledged and is lost");
      }
    }
  }
  const std::shared_ptr<const OperationDirectory> directory = cubes.operations();
  for (const auto& [id, sent] : operations_) {
    if (sent.is_acknowledged && logged_operations.count(id) == 0) {
      say("operation ", id, " was acknowledged and is lost");
    }
    if ((directory->Find(id) != nullptr) != (logged_operations.count(id) > 0)) {
      say("operation ", id, " is not as the log says");
    }
  }

  const auto stored = store.ReadNewest(keys);
  if (!stored.ok()) say("the newest revisions cannot be read: ", stored.status().ToString());
  size_t index = 0;
  for (const auto& [name, all] : sent_) {
    if (!stored.ok()) break;
    const std::optional<LoggedEntry>& found = (*stored)[index++];
    const auto want = newest.find(name);
    if ((found ? found->position : 0) != (want == newest.end() ? 0 : want->second)) {
      say("the newest revision of ", name, " is not the last in the log");
    }
  }

  if (cubes.position() != store.last_position()) {
    say("the cubes are at position ", cubes.position(), ", the log ends at ", store.last_position());
  }
  const absl::StatusOr<VerificationReport> report = VerifyCubes(store, cubes);
  if (!report.ok()) {
    say("the cubes cannot be verified: ", report.status().ToString());
  } else {
    for (const auto& mismatch : report->mismatches) {
      say("the cube of ", mismatch.operation, "/", mismatch.force, " is not the fold: ", mismatch.description);
    }
  }
  for (const std::string& line : WrongTotals(*catalogue_, cubes, model)) broken.push_back(line);

  if (broken.size() > kMaxListed) {
    const size_t count = broken.size();
    broken.resize(kMaxListed);
    say("and ", count - kMaxListed, " more");
  }
  return broken;
}

}  // namespace muster
