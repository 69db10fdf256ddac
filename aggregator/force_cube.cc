#include "aggregator/force_cube.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "domain/check.h"
#include "domain/quantity.h"

namespace muster {
namespace {

// The place of `key` in a list of pairs that ascends by its first members, or where it would be.
template <typename List, typename Key>
auto PlaceOf(List& list, const Key& key) {
  return std::lower_bound(list.begin(), list.end(), key,
                          [](const auto& entry, const Key& wanted) { return entry.first < wanted; });
}

store::v1::Int128 ToCheckpointInteger(absl::int128 integer) {
  store::v1::Int128 parts;
  parts.set_high(absl::Int128High64(integer));
  parts.set_low(absl::Int128Low64(integer));
  return parts;
}

absl::int128 FromCheckpointInteger(const store::v1::Int128& parts) {
  return absl::MakeInt128(parts.high(), parts.low());
}

// What a cube of any log that there will be stays below, so that whatever is added up of a checkpoint fits too.
constexpr int64_t kMaxCheckpointCount = int64_t{1} << 40;

bool IsCount(int64_t count) { return count >= 0 && count <= kMaxCheckpointCount; }

// A sum of values, of which none is negative.
bool IsSum(absl::int128 sum) { return sum >= 0 && sum <= absl::int128(kMaxFigureValue) * kMaxCheckpointCount; }

bool IsCell(const Cell& cell) {
  const Amount& amount = cell.amount;
  return cell.result_count >= 1 && IsCount(cell.result_count) && IsSum(amount.sum) && IsSum(amount.estimate_sum) &&
         IsSum(amount.at_most_sum) && amount.AtLeast() >= 0 && IsCount(amount.at_least_count) &&
         IsCount(amount.at_most_count) && IsCount(amount.estimate_count) && IsCount(amount.uncounted_count) &&
         std::all_of(cell.not_broken_down.begin(), cell.not_broken_down.end(), IsSum);
}

std::string DescribePeriod(const Period& period) {
  return absl::StrCat(FormatCivilDay(period.first), " to ", FormatCivilDay(period.last));
}

std::string DescribeBlock(const Block* block) {
  if (block == nullptr) return "nothing";
  const Cell* const whole = block->Find(0);
  std::string sum = "no total";
  if (whole != nullptr) {
    sum = absl::StrCat("a sum of ", static_cast<int64_t>(whole->amount.sum), " in base units");
  }
  return absl::StrCat(sum, " from ", block->result_count(), " results in ", block->cells().size(), " cells");
}

}  // namespace

Cell& Cell::operator+=(const Cell& other) {
  amount += other.amount;
  for (size_t axis = 0; axis < not_broken_down.size(); ++axis) not_broken_down[axis] += other.not_broken_down[axis];
  result_count += other.result_count;
  return *this;
}

void Block::Add(absl::Span<const NodeValue> values, int node_count, int sign) {
  result_count_ += sign;
  auto place = cells_.begin();
  for (const NodeValue& value : values) {
    // Both lists ascend, so one pass finds every place.
    place = std::lower_bound(place, cells_.end(), value.node,
                             [](const NodeCell& entry, int wanted) { return entry.node < wanted; });
    if (place == cells_.end() || place->node != value.node) place = cells_.insert(place, {value.node, Cell()});
    Cell& cell = place->cell;
    cell.result_count += sign;
    if (sign > 0) {
      cell.amount += value.amount;
    } else {
      cell.amount -= value.amount;
    }
    for (size_t axis = 0; axis < value.not_broken_down.size(); ++axis) {
      cell.not_broken_down[axis] += value.not_broken_down[axis] * sign;
    }
    MUSTER_CHECK(cell.result_count >= 0);
    if (cell.result_count == 0) {
      MUSTER_CHECK(cell == Cell());  // What went in came out again.
      place = cells_.erase(place);
    } else {
      ++place;
    }
  }
  if (node_count == 1) return;
  NodeSet nodes(node_count);
  for (const NodeValue& value : values) nodes.Add(value.node);
  const auto counted = std::lower_bound(node_sets_.begin(), node_sets_.end(), nodes,
                                        [](const NodeSetCount& a, const NodeSet& b) { return a.nodes < b; });
  if (counted == node_sets_.end() || !(counted->nodes == nodes)) {
    node_sets_.insert(counted, {std::move(nodes), sign});
  } else if ((counted->result_count += sign) == 0) {
    node_sets_.erase(counted);
  }
}

void Block::Merge(const Block& other) {
  result_count_ += other.result_count_;
  for (const auto& [node, cell] : other.cells_) {
    auto place = std::lower_bound(cells_.begin(), cells_.end(), node,
                                  [](const NodeCell& entry, int wanted) { return entry.node < wanted; });
    if (place == cells_.end() || place->node != node) place = cells_.insert(place, {node, Cell()});
    place->cell += cell;
  }
  for (const NodeSetCount& entry : other.node_sets_) {
    const auto counted = std::lower_bound(node_sets_.begin(), node_sets_.end(), entry.nodes,
                                          [](const NodeSetCount& a, const NodeSet& b) { return a.nodes < b; });
    if (counted == node_sets_.end() || counted->nodes != entry.nodes) {
      node_sets_.insert(counted, entry);
    } else {
      counted->result_count += entry.result_count;
    }
  }
}

const Cell* Block::Find(int node) const {
  // The whole metric, which most ask for, is at the front.
  if (!cells_.empty() && cells_.front().node == node) return &cells_.front().cell;
  const auto place = std::lower_bound(cells_.begin(), cells_.end(), node,
                                      [](const NodeCell& entry, int wanted) { return entry.node < wanted; });
  return place == cells_.end() || place->node != node ? nullptr : &place->cell;
}

int64_t Block::CountResults(const NodeSet& nodes) const {
  int64_t count = 0;
  for (const NodeSetCount& entry : node_sets_) {
    if (entry.nodes.Meets(nodes)) count += entry.result_count;
  }
  return count;
}

void Block::ToCheckpoint(store::v1::CheckpointBlock* out) const {
  out->set_result_count(result_count_);
  for (const auto& [node, cell] : cells_) {
    store::v1::CheckpointCell& to = *out->add_cells();
    to.set_node(node);
    *to.mutable_sum() = ToCheckpointInteger(cell.amount.sum);
    *to.mutable_estimate_sum() = ToCheckpointInteger(cell.amount.estimate_sum);
    *to.mutable_at_most_sum() = ToCheckpointInteger(cell.amount.at_most_sum);
    to.set_at_least_count(cell.amount.at_least_count);
    to.set_at_most_count(cell.amount.at_most_count);
    to.set_estimate_count(cell.amount.estimate_count);
    to.set_uncounted_count(cell.amount.uncounted_count);
    to.set_result_count(cell.result_count);
    for (const absl::int128 left : cell.not_broken_down) *to.add_not_broken_down() = ToCheckpointInteger(left);
  }
  for (const NodeSetCount& entry : node_sets_) {
    store::v1::CheckpointNodeSet& to = *out->add_node_sets();
    to.mutable_words()->Add(entry.nodes.words().begin(), entry.nodes.words().end());
    to.set_result_count(entry.result_count);
  }
}

absl::StatusOr<Block> Block::FromCheckpoint(const Lattice& lattice, const store::v1::CheckpointBlock& checkpoint) {
  Block block;
  block.result_count_ = checkpoint.result_count();
  if (block.result_count_ < 1 || !IsCount(block.result_count_)) {
    return absl::DataLossError(absl::StrCat("holds the totals of ", block.result_count_, " results"));
  }
  block.cells_.reserve(static_cast<size_t>(checkpoint.cells_size()));
  int node_before = -1;
  for (const store::v1::CheckpointCell& from : checkpoint.cells()) {
    if (from.node() <= node_before || from.node() >= lattice.size()) {
      return absl::DataLossError(
          absl::StrCat("names node ", from.node(), " after ", node_before, ", of ", lattice.size()));
    }
    node_before = from.node();
    Cell cell;
    cell.amount.sum = FromCheckpointInteger(from.sum());
    cell.amount.estimate_sum = FromCheckpointInteger(from.estimate_sum());
    cell.amount.at_most_sum = FromCheckpointInteger(from.at_most_sum());
    cell.amount.at_least_count = from.at_least_count();
    cell.amount.at_most_count = from.at_most_count();
    cell.amount.estimate_count = from.estimate_count();
    cell.amount.uncounted_count = from.uncounted_count();
    cell.result_count = from.result_count();
    for (int axis = 0; axis < Lattice::kAxes && axis < from.not_broken_down_size(); ++axis) {
      cell.not_broken_down[static_cast<size_t>(axis)] = FromCheckpointInteger(from.not_broken_down(axis));
    }
    if (!IsCell(cell)) return absl::DataLossError(absl::StrCat("holds at node ", from.node(), " what no results make"));
    block.cells_.push_back({from.node(), cell});
  }
  const size_t words = NodeSet(lattice.size()).words().size();
  for (const store::v1::CheckpointNodeSet& from : checkpoint.node_sets()) {
    NodeSet nodes(NodeSet::Words(from.words().begin(), from.words().end()));
    const bool fits = nodes.words().size() == words;
    if (!fits || (!block.node_sets_.empty() && !(block.node_sets_.back().nodes < nodes))) {
      return absl::DataLossError("holds a set of nodes of another metric, or out of order");
    }
    if (from.result_count() < 1 || !IsCount(from.result_count())) {
      return absl::DataLossError(absl::StrCat("counts ", from.result_count(), " results at a set of nodes"));
    }
    block.node_sets_.push_back({std::move(nodes), from.result_count()});
  }
  return block;
}

ForceCube::ForceCube(const Catalogue* catalogue)
    : catalogue_(catalogue), metrics_(static_cast<size_t>(catalogue->metric_count())) {}

void ForceCube::Apply(const CubeChange& change) {
  if (change.removed) Add(*change.removed, -1);
  if (change.added) Add(*change.added, 1);
  retracted_count_ += (change.added_retraction ? 1 : 0) - (change.removed_retraction ? 1 : 0);
  if (first_heard_us_ == 0) first_heard_us_ = change.accept_time_us;
  last_heard_us_ = change.accept_time_us;
}

void ForceCube::Add(const Contribution& contribution, int sign) {
  // Each metric is elsewhere in memory, and what it points to elsewhere again: fetched side by side, not in turn.
  const auto for_each_metric = [&](const auto& prefetch) {
    for (size_t index = 0; index < contribution.values.size(); ++index) {
      prefetch(metrics_[static_cast<size_t>(contribution.values[index].metric)]);
    }
  };
  for_each_metric([](const MetricCube& metric) { __builtin_prefetch(&metric); });
  for_each_metric([](const MetricCube& metric) {
    metric.whole.Prefetch();
    __builtin_prefetch(metric.periods.data());
  });
  for (size_t index = 0; index < contribution.values.size(); ++index) {
    const MetricValues values = contribution.values[index];
    const int node_count = catalogue_->lattice(values.metric).size();
    MetricCube& metric = metrics_[static_cast<size_t>(values.metric)];
    metric.whole.Add(values.nodes, node_count, sign);
    auto place = PlaceOf(metric.periods, contribution.period);
    if (place == metric.periods.end() || place->first != contribution.period) {
      place = metric.periods.insert(place, {contribution.period, Block()});
    }
    place->second.Add(values.nodes, node_count, sign);
    if (place->second.result_count() == 0) metric.periods.erase(place);
  }
  auto place = PlaceOf(periods_, contribution.period);
  if (place == periods_.end() || place->first != contribution.period) {
    place = periods_.insert(place, {contribution.period, 0});
  }
  place->second += sign;
  if (place->second == 0) periods_.erase(place);
  result_count_ += sign;
  if (contribution.final) final_count_ += sign;
  if (contribution.nil) nil_count_ += sign;
}

int64_t ForceCube::CellCount() const {
  int64_t count = 0;
  for (const MetricCube& metric : metrics_) {
    for (const auto& [period, block] : metric.periods) count += static_cast<int64_t>(block.cells().size());
  }
  return count;
}

size_t ForceCube::MemoryBytes() const {
  const auto bytes_of = [](const Block& block) {
    size_t bytes = block.cells().capacity() * sizeof(Block::NodeCell);
    for (const Block::NodeSetCount& entry : block.node_sets()) {
      bytes += sizeof(entry) + entry.nodes.words().size() * sizeof(entry.nodes.words().front());
    }
    return bytes;
  };
  size_t bytes = sizeof(*this) + metrics_.capacity() * sizeof(MetricCube) + periods_.capacity() * sizeof(periods_[0]);
  for (const MetricCube& metric : metrics_) {
    bytes += bytes_of(metric.whole) + metric.periods.capacity() * sizeof(metric.periods[0]);
    for (const auto& [period, block] : metric.periods) bytes += bytes_of(block);
  }
  return bytes;
}

bool ForceCube::Equals(const ForceCube& other) const {
  return metrics_ == other.metrics_ && periods_ == other.periods_ && result_count_ == other.result_count_ &&
         final_count_ == other.final_count_ && nil_count_ == other.nil_count_ &&
         retracted_count_ == other.retracted_count_ && first_heard_us_ == other.first_heard_us_ &&
         last_heard_us_ == other.last_heard_us_;
}

std::string ForceCube::DifferenceFrom(const ForceCube& other) const {
  for (size_t index = 0; index < metrics_.size(); ++index) {
    const MetricCube& ours = metrics_[index];
    const MetricCube& theirs = other.metrics_[index];
    const std::string& id = catalogue_->metric(static_cast<MetricIndex>(index)).id();
    if (ours.whole != theirs.whole) {
      return absl::StrCat(id, " over all periods: ", DescribeBlock(&ours.whole), ", but ",
                          DescribeBlock(&theirs.whole));
    }
    for (const auto& [period, block] : ours.periods) {
      const auto place = PlaceOf(theirs.periods, period);
      const bool there = place != theirs.periods.end() && place->first == period;
      if (!there || place->second != block) {
        return absl::StrCat(id, " for ", DescribePeriod(period), ": ", DescribeBlock(&block), ", but ",
                            DescribeBlock(there ? &place->second : nullptr));
      }
    }
    if (ours.periods.size() != theirs.periods.size()) {
      return absl::StrCat(id, ": ", ours.periods.size(), " periods, but ", theirs.periods.size());
    }
  }
  if (Equals(other)) return "";
  return absl::StrCat(result_count_, " results (", final_count_, " final, ", nil_count_, " nil, ", retracted_count_,
                      " retracted), but ", other.result_count_, " (", other.final_count_, " final, ", other.nil_count_,
                      " nil, ", other.retracted_count_, " retracted); or when they were heard");
}

store::v1::CheckpointForceCube ForceCube::ToCheckpoint() const {
  store::v1::CheckpointForceCube checkpoint;
  for (size_t index = 0; index < metrics_.size(); ++index) {
    for (const auto& [period, block] : metrics_[index].periods) {
      store::v1::CheckpointBlock& to = *checkpoint.add_blocks();
      to.set_first_day(DaysSinceEpoch(period.first));
      to.set_last_day(DaysSinceEpoch(period.last));
      to.set_metric(static_cast<int32_t>(index));
      block.ToCheckpoint(&to);
    }
  }
  for (const auto& [period, count] : periods_) {
    store::v1::CheckpointPeriod& to = *checkpoint.add_periods();
    to.set_first_day(DaysSinceEpoch(period.first));
    to.set_last_day(DaysSinceEpoch(period.last));
    to.set_result_count(count);
  }
  checkpoint.set_result_count(result_count_);
  checkpoint.set_final_count(final_count_);
  checkpoint.set_nil_count(nil_count_);
  checkpoint.set_retracted_count(retracted_count_);
  checkpoint.set_first_heard_us(first_heard_us_);
  checkpoint.set_last_heard_us(last_heard_us_);
  return checkpoint;
}

absl::StatusOr<ForceCube> ForceCube::FromCheckpoint(const Catalogue* catalogue,
                                                    const store::v1::CheckpointForceCube& checkpoint) {
  // The period of the next of a list, which must come after all before it.
  const auto next_period = [](const auto& from, const auto& list) -> absl::StatusOr<Period> {
    const Period period{CivilDayFromEpoch(from.first_day()), CivilDayFromEpoch(from.last_day())};
    if (period.last < period.first || (!list.empty() && !(list.back().first < period))) {
      return absl::DataLossError(absl::StrCat("names the period ", DescribePeriod(period), " out of order"));
    }
    return period;
  };
  if (!IsCount(checkpoint.result_count()) || !IsCount(checkpoint.final_count()) || !IsCount(checkpoint.nil_count()) ||
      !IsCount(checkpoint.retracted_count())) {
    return absl::DataLossError("counts results below zero, or more than there can be");
  }
  ForceCube cube(catalogue);
  for (const store::v1::CheckpointBlock& from : checkpoint.blocks()) {
    if (from.metric() < 0 || from.metric() >= catalogue->metric_count()) {
      return absl::DataLossError(
          absl::StrCat("names metric number ", from.metric(), ", of ", catalogue->metric_count()));
    }
    MetricCube& metric = cube.metrics_[static_cast<size_t>(from.metric())];
    const absl::StatusOr<Period> period = next_period(from, metric.periods);
    if (!period.ok()) return period.status();
    absl::StatusOr<Block> block = Block::FromCheckpoint(catalogue->lattice(from.metric()), from);
    if (!block.ok()) return block.status();
    metric.periods.emplace_back(*period, *std::move(block));
  }
  for (MetricCube& metric : cube.metrics_) {
    for (const auto& [period, block] : metric.periods) metric.whole.Merge(block);
  }
  for (const store::v1::CheckpointPeriod& from : checkpoint.periods()) {
    const absl::StatusOr<Period> period = next_period(from, cube.periods_);
    if (!period.ok()) return period.status();
    if (from.result_count() < 1 || !IsCount(from.result_count())) {
      return absl::DataLossError(
          absl::StrCat("counts ", from.result_count(), " results for the period ", DescribePeriod(*period)));
    }
    cube.periods_.emplace_back(*period, from.result_count());
  }
  for (const MetricCube& metric : cube.metrics_) {
    for (const auto& [period, block] : metric.periods) {
      const auto place = PlaceOf(cube.periods_, period);
      if (place == cube.periods_.end() || place->first != period) {
        return absl::DataLossError(
            absl::StrCat("has figures of the period ", DescribePeriod(period), ", of which it counts no result"));
      }
    }
  }
  cube.result_count_ = checkpoint.result_count();
  cube.final_count_ = checkpoint.final_count();
  cube.nil_count_ = checkpoint.nil_count();
  cube.retracted_count_ = checkpoint.retracted_count();
  cube.first_heard_us_ = checkpoint.first_heard_us();
  cube.last_heard_us_ = checkpoint.last_heard_us();
  return cube;
}

}  // namespace muster
