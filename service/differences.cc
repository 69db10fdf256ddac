#include "service/differences.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "aggregator/totals.h"
#include "domain/digest.h"
#include "domain/timestamp.h"
#include "service/errors.h"
#include "service/limits.h"
#include "service/page_tokens.h"
#include "service/receipts.h"

namespace muster {
namespace {

absl::Status InvalidDifference(const FieldProblems& problems) {
  return InvalidFields("INVALID_QUERY", "The request has invalid fields; see details.", problems);
}

std::string NameOf(const v1::TotalsRow& row) {
  v1::TotalsRow name = row;
  name.clear_total();
  name.clear_baseline();
  return name.SerializeAsString();
}

bool AreEqual(const v1::Total& a, const v1::Total& b) { return a.SerializeAsString() == b.SerializeAsString(); }

// The rows that differ, in the order of the later ones, with those that went where they were among them.
std::vector<v1::TotalsChange> ChangesBetween(const v1::QueryTotalsResponse& before,
                                             const v1::QueryTotalsResponse& after) {
  std::map<std::string, int> places_after;
  for (int index = 0; index < after.rows_size(); ++index) places_after[NameOf(after.rows(index))] = index;
  std::vector<v1::TotalsChange> changes;
  int next_after = 0;
  const auto add_new_until = [&](int end) {
    for (; next_after < end; ++next_after) *changes.emplace_back().mutable_row() = after.rows(next_after);
  };
  for (const v1::TotalsRow& row : before.rows()) {
    const auto found = places_after.find(NameOf(row));
    if (found == places_after.end()) {
      v1::TotalsChange& change = changes.emplace_back();
      *change.mutable_row() = row;
      change.mutable_row()->clear_total();
      *change.mutable_before() = row.total();
      continue;
    }
    add_new_until(found->second);
    ++next_after;
    if (AreEqual(row.total(), after.rows(found->second).total())) continue;
    v1::TotalsChange& change = changes.emplace_back();
    *change.mutable_row() = after.rows(found->second);
    *change.mutable_before() = row.total();
  }
  add_new_until(after.rows_size());
  return changes;
}

// "FROM/ITS TIME/TO/ITS TIME/PLACE": the two moments, and where the page goes on.
struct PageKey {
  Moment from;
  Moment to;
  int64_t place = 0;

  std::string ToString() const {
    return absl::StrCat(from.position, "/", from.as_of_time_us, "/", to.position, "/", to.as_of_time_us, "/", place);
  }
  static std::optional<PageKey> Read(const std::string& text) {
    const std::vector<std::string> parts = absl::StrSplit(text, '/');
    PageKey key;
    const bool is_read = parts.size() == 5 && absl::SimpleAtoi(parts[0], &key.from.position) &&
                         absl::SimpleAtoi(parts[1], &key.from.as_of_time_us) &&
                         absl::SimpleAtoi(parts[2], &key.to.position) &&
                         absl::SimpleAtoi(parts[3], &key.to.as_of_time_us) && absl::SimpleAtoi(parts[4], &key.place);
    const bool is_right = is_read && 0 <= key.from.position && key.from.position <= key.to.position && key.place >= 0;
    return is_right ? std::optional<PageKey>(key) : std::nullopt;
  }
};

}  // namespace

absl::StatusOr<DifferenceQuestion> Differences::Check(const v1::DiffTotalsRequest& request, const Sight& sight,
                                                      const std::string& reader) const {
  const v1::TotalsQuery& query = request.query();
  const CubesMoment now = cubes_.Now({});
  const std::shared_ptr<const OperationDirectory> operations = cubes_.operations();
  FieldProblems problems;
  DifferenceQuestion question;
  if (request.from_position() == 0 && !request.has_from_time()) {
    problems.push_back(
        {"from_position", "REQUIRED", "is absent, as is from_time; name the earlier moment by one of them"});
  }
  question.from = ParseMoment(request.from_position(), "from_position",
                              request.has_from_time() ? &request.from_time() : nullptr, "from_time", now, &problems);
  question.to = ParseMoment(query.as_of_position(), "query.as_of_position",
                            query.has_as_of_time() ? &query.as_of_time() : nullptr, "query.as_of_time", now, &problems);
  if (!query.baseline_operation().empty()) {
    problems.push_back({"query.baseline_operation", "NOT_COMPARABLE", "must be empty: two moments are compared"});
  }
  std::optional<TotalsQuery> parsed = ParseTotalsQuery(query, "query", cubes_.catalogue(), *operations, &problems);
  if (!parsed) return InvalidDifference(problems);
  sight.Limit(&parsed->scope);
  if (request.has_row()) {
    question.row = ExplainedRow::Resolve(*parsed, request.row(), "row", cubes_.catalogue(), *operations, &problems);
  }
  if (!problems.empty()) return InvalidDifference(problems);
  question.query = *std::move(parsed);

  const absl::StatusOr<int> size = PageSize(request.page_size(), kDefaultItemsPerPage, kMaxItemsPerPage);
  if (!size.ok()) return size.status();
  question.size = *size;
  v1::DiffTotalsRequest asked = request;
  asked.clear_page_size();
  asked.clear_page_token();
  asked.mutable_row()->clear_total();
  asked.mutable_row()->clear_baseline();
  question.scope =
      absl::StrCat("difference/", Sha256Hex(absl::StrCat(reader, "\n", request.has_row(), asked.SerializeAsString())));
  absl::StatusOr<std::string> key = ReadPageToken(question.scope, request.page_token());
  if (!key.ok()) return key.status();
  question.key = *std::move(key);
  return question;
}

absl::StatusOr<Moment> Differences::Resolve(const AskedMoment& asked) const {
  const CubesMoment now = cubes_.Now({});
  if (asked.IsNow()) return Moment{now.position, now.as_of_time_us};
  if (asked.time_us) {
    const absl::StatusOr<LogPosition> position = LastAcceptedBy(store_, now.position, *asked.time_us);
    if (!position.ok()) return position.status();
    return Moment{*position, *asked.time_us};
  }
  const absl::StatusOr<std::vector<LoggedEntry>> entries = store_.ReadEntries({asked.position});
  if (!entries.ok()) return entries.status();
  return Moment{asked.position, entries->front().accept_time_us};
}

absl::Status Differences::Answer(DifferenceQuestion question, const std::function<bool()>& is_wanted,
                                 v1::DiffTotalsResponse* response) const {
  PageKey page;
  if (question.key.empty()) {
    // The later one first: what is now is not before what was.
    const absl::StatusOr<Moment> to = Resolve(question.to);
    if (!to.ok()) return to.status();
    const absl::StatusOr<Moment> from = Resolve(question.from);
    if (!from.ok()) return from.status();
    if (from->position > to->position || from->as_of_time_us > to->as_of_time_us) {
      return InvalidDifference({{question.from.time_us ? "from_time" : "from_position", "MOMENTS_REVERSED",
                                 "is after the later moment, which as_of_position or as_of_time of the query says"}});
    }
    page = {*from, *to, 0};
  } else {
    const std::optional<PageKey> read = PageKey::Read(question.key);
    if (!read || read->to.position > cubes_.position()) return InvalidPageToken();
    page = *read;
  }
  response->set_from_position(page.from.position);
  *response->mutable_from_time() = TimestampOf(page.from.as_of_time_us);
  response->set_position(page.to.position);
  *response->mutable_as_of_time() = TimestampOf(page.to.as_of_time_us);
  const auto go_on_at = [&](int64_t place) {
    PageKey next = page;
    next.place = place;
    response->set_next_page_token(MakePageToken(question.scope, next.ToString()));
  };
  return question.row
             ? ListResults(question, page.from.position, page.to.position, page.place, is_wanted, go_on_at, response)
             : ListRows(question, page.from.position, page.to.position, page.place, is_wanted, go_on_at, response);
}

absl::Status Differences::RowsAt(LogPosition position, const TotalsQuery& query, const std::function<bool()>& is_wanted,
                                 v1::QueryTotalsResponse* answer) const {
  if (position == 0) return absl::OkStatus();
  const absl::StatusOr<PastCubes> past = rewinder_.At({.position = position}, query.scope.operations, is_wanted);
  if (!past.ok()) return past.status();
  return ComputeRows(past->View(), cubes_.catalogue(), query, answer);
}

absl::Status Differences::ListRows(const DifferenceQuestion& question, LogPosition from, LogPosition to, int64_t begin,
                                   const std::function<bool()>& is_wanted, const GoOnAt& go_on_at,
                                   v1::DiffTotalsResponse* response) const {
  v1::QueryTotalsResponse before;
  v1::QueryTotalsResponse after;
  // In this order: from the earlier moment the later one is not far.
  if (absl::Status status = RowsAt(from, question.query, is_wanted, &before); !status.ok()) return status;
  if (absl::Status status = RowsAt(to, question.query, is_wanted, &after); !status.ok()) return status;
  std::vector<v1::TotalsChange> changes = ChangesBetween(before, after);
  size_t bytes = 0;
  for (auto index = static_cast<size_t>(begin); index < changes.size(); ++index) {
    bytes += changes[index].ByteSizeLong() + 8;
    if (response->changes_size() == question.size || (response->changes_size() > 0 && bytes > kMaxPageBytes)) {
      go_on_at(static_cast<int64_t>(index));
      break;
    }
    *response->add_changes() = std::move(changes[index]);
  }
  return absl::OkStatus();
}

absl::Status Differences::ListResults(DifferenceQuestion& question, LogPosition from, LogPosition to, LogPosition after,
                                      const std::function<bool()>& is_wanted, const GoOnAt& go_on_at,
                                      v1::DiffTotalsResponse* response) const {
  constexpr int kReadsAtOnce = 64;
  ExplainedRow& row = *question.row;
  const std::vector<ForceKey> forces = row.Forces();
  after = std::max(after, from);  // What stands from before has not changed.
  size_t bytes = 0;
  for (int reads = 0; reads < kMaxExplainedReads;) {
    if (!is_wanted()) return absl::CancelledError("The call had ended before all results were read.");
    const std::vector<LogPosition> positions = store_.ListStanding(forces, to, after, kReadsAtOnce);
    if (positions.empty()) return absl::OkStatus();
    absl::StatusOr<std::vector<LoggedEntry>> entries = store_.ReadEntries(positions);
    if (!entries.ok()) return entries.status();
    reads += static_cast<int>(entries->size());
    for (const LoggedEntry& entry : *entries) {
      // Back to what stood at the earlier moment.
      std::optional<LoggedEntry> earlier;
      LogPosition position = entry.position;
      LogPosition replaced = entry.entry.result().replaced_position();
      while (position > from && replaced != 0) {
        absl::StatusOr<std::vector<LoggedEntry>> found = store_.ReadEntries({replaced});
        if (!found.ok()) return found.status();
        if (replaced >= position) return absl::DataLossError("A revision in the log replaces a later one.");
        earlier = std::move(found->front());
        position = replaced;
        replaced = earlier->entry.result().replaced_position();
        ++reads;
        if (!is_wanted()) return absl::CancelledError("The call had ended before all results were read.");
      }
      if (position > from) earlier.reset();  // There was none yet.

      absl::StatusOr<std::optional<v1::Total>> now = row.ContributionOf(entry.entry.result());
      if (!now.ok()) return now.status();
      std::optional<v1::Total> then;
      if (earlier) {
        absl::StatusOr<std::optional<v1::Total>> held = row.ContributionOf(earlier->entry.result());
        if (!held.ok()) return held.status();
        then = *std::move(held);
      }
      const bool has_moved = now->has_value() != then.has_value() || (then && !AreEqual(*then, **now));
      if (has_moved) {
        v1::ResultChange change;
        *change.mutable_after() = StoredResultOf(entry);
        if (earlier) *change.mutable_before() = StoredResultOf(*earlier);
        if (then) *change.mutable_contribution_before() = *std::move(then);
        if (*now) *change.mutable_contribution_after() = **std::move(now);
        bytes += change.ByteSizeLong() + 8;
        if (response->results_size() == question.size || (response->results_size() > 0 && bytes > kMaxPageBytes)) {
          go_on_at(after);
          return absl::OkStatus();
        }
        *response->add_results() = std::move(change);
      }
      after = entry.position;
    }
  }
  go_on_at(after);
  return absl::OkStatus();
}

}  // namespace muster
