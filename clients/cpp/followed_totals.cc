#include "clients/cpp/followed_totals.h"

#include <cstddef>
#include <map>
#include <utility>

namespace muster {
namespace {

// The same for the same row, whatever its totals.
std::string NameOf(const v1::TotalsRow& row) {
  v1::TotalsRow name = row;
  name.clear_total();
  name.clear_baseline();
  return name.SerializeAsString();
}

bool IsGone(const v1::TotalsRow& row) { return !row.has_total() && !row.has_baseline(); }

}  // namespace

bool FollowedTotals::Take(const v1::WatchTotalsResponse& message) {
  if (message.snapshot()) parts_.Clear();
  parts_.MergeFrom(message);
  if (parts_.resume_token().empty()) return false;
  Apply();
  parts_.Clear();
  return true;
}

void FollowedTotals::Apply() {
  was_snapshot_ = parts_.snapshot();
  changed_rows_.assign(parts_.rows().begin(), parts_.rows().end());
  *totals_.mutable_coverage() = parts_.coverage();
  totals_.set_position(parts_.position());
  *totals_.mutable_as_of_time() = parts_.as_of_time();
  totals_.set_cut_by_period_count(parts_.cut_by_period_count());
  resume_token_ = parts_.resume_token();
  if (was_snapshot_) {
    *totals_.mutable_rows() = parts_.rows();
    names_.clear();
    for (const v1::TotalsRow& row : totals_.rows()) names_.push_back(NameOf(row));
    return;
  }
  if (changed_rows_.empty()) return;

  std::map<std::string, int> changes;  // By name, the index of the changed row; taken out when it has found its place.
  for (int index = 0; index < parts_.rows_size(); ++index) changes[NameOf(parts_.rows(index))] = index;
  v1::QueryTotalsResponse known;  // Those that stay, as they now are.
  std::vector<std::string> known_names;
  for (size_t place = 0; place < names_.size(); ++place) {
    v1::TotalsRow& row = *totals_.mutable_rows(static_cast<int>(place));
    if (const auto change = changes.find(names_[place]); change != changes.end()) {
      const int index = change->second;
      changes.erase(change);
      if (IsGone(parts_.rows(index))) continue;
      row = parts_.rows(index);
    }
    known.add_rows()->Swap(&row);
    known_names.push_back(std::move(names_[place]));
  }
  std::map<int, std::pair<std::string, int>> added;  // By place.
  for (auto& [name, index] : changes) {
    if (!IsGone(parts_.rows(index)) && index < parts_.places_size()) added[parts_.places(index)] = {name, index};
  }
  totals_.clear_rows();
  names_.clear();
  auto next_added = added.begin();
  for (int next_known = 0; next_known < known.rows_size() || next_added != added.end();) {
    const bool is_added =
        next_added != added.end() && (next_added->first <= totals_.rows_size() || next_known == known.rows_size());
    if (is_added) {
      *totals_.add_rows() = parts_.rows(next_added->second.second);
      names_.push_back(next_added->second.first);
      ++next_added;
    } else {
      totals_.add_rows()->Swap(known.mutable_rows(next_known));
      names_.push_back(std::move(known_names[static_cast<size_t>(next_known)]));
      ++next_known;
    }
  }
}

}  // namespace muster
