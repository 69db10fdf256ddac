#include "storage/result_index.h"

#include <xxhash.h>

#include <algorithm>
#include <limits>

#include "domain/check.h"
#include "storage/keys.h"

namespace muster {

namespace {

// The bytes "operation\0force\0result_id" of a key, or "operation\0force". The longest that keys.h allows fits.
class KeyBytes {
 public:
  KeyBytes(absl::string_view operation, absl::string_view force) {
    MUSTER_CHECK(operation.size() <= kMaxKeyPartBytes && force.size() <= kMaxKeyPartBytes);
    Append(operation);
    Append(force);
  }
  explicit KeyBytes(const ResultKey& key) : KeyBytes(key.operation, key.force) {
    MUSTER_CHECK(key.result_id.size() <= kMaxKeyPartBytes);
    Append(key.result_id);
  }
  absl::string_view view() const { return absl::string_view(bytes_.data(), size_ - 1); }

 private:
  void Append(absl::string_view part) {
    std::copy(part.begin(), part.end(), bytes_.data() + size_);
    size_ += part.size();
    bytes_[size_++] = '\0';
  }

  size_t size_ = 0;
  std::array<char, 3 * (kMaxKeyPartBytes + 1)> bytes_;  // NOLINT: filled as far as it is read.
};

}  // namespace

ResultFingerprint ResultIndex::FingerprintOf(const ResultKey& key, int attempt) const {
  const KeyBytes bytes(key);
  const uint64_t hash =
      XXH3_64bits_withSeed(bytes.view().data(), bytes.view().size(), seed_ + static_cast<uint64_t>(attempt));
  return hash == 0 ? 1 : hash;
}

bool ResultIndex::LeadsTo(ResultFingerprint fingerprint, const ResultKey& key) const {
  for (int attempt = 0;; ++attempt) {
    const ResultFingerprint own = FingerprintOf(key, attempt);
    if (own == fingerprint) return true;
    if (Find(own) == 0) return false;
  }
}

LogPosition ResultIndex::Find(ResultFingerprint fingerprint) const {
  const Table& table = TableOf(fingerprint);
  const auto found = table.find(fingerprint);
  return found == table.end() ? 0 : found->second;
}

void ResultIndex::Prefetch(ResultFingerprint fingerprint) const { TableOf(fingerprint).prefetch(fingerprint); }

uint32_t ResultIndex::NumberOf(absl::string_view operation, absl::string_view force) {
  const KeyBytes bytes(operation, force);
  const auto known = force_numbers_.find(bytes.view());
  if (known != force_numbers_.end()) return known->second;
  const auto number = static_cast<uint32_t>(forces_.size());
  forces_.push_back({std::string(operation), std::string(force), {}});
  force_numbers_.emplace(bytes.view(), number);
  return number;
}

void ResultIndex::Clear() {
  for (Table& table : tables_) table.clear();
  forces_.clear();
  force_numbers_.clear();
  replaced_.assign(1, false);
  replaced_by_.clear();
  untaken_.clear();
  last_position_ = 0;
}

void ResultIndex::Add(const Entry& entry) {
  ++last_position_;
  replaced_.push_back(false);
  untaken_.push_back(entry);
  if (entry.fingerprint == 0) return;
  const auto [place, is_new] = TableOf(entry.fingerprint).try_emplace(entry.fingerprint, last_position_);
  if (!is_new) {
    replaced_[static_cast<size_t>(place->second)] = true;
    const auto table = static_cast<size_t>(place->second >> kReplacedTableBits);
    if (replaced_by_.size() <= table) replaced_by_.resize(table + 1);
    replaced_by_[table].emplace(place->second, last_position_);
    place->second = last_position_;
  }
  forces_[entry.force_number].positions.push_back(last_position_);
}

std::vector<LogPosition> ResultIndex::List(absl::string_view operation, absl::string_view force, LogPosition after,
                                           int limit) const {
  std::vector<LogPosition> newest;
  const auto known = force_numbers_.find(KeyBytes(operation, force).view());
  if (known == force_numbers_.end()) return newest;
  const std::deque<LogPosition>& positions = forces_[known->second].positions;
  for (auto place = std::upper_bound(positions.begin(), positions.end(), after);
       place != positions.end() && static_cast<int64_t>(newest.size()) < limit; ++place) {
    if (!IsReplaced(*place)) newest.push_back(*place);
  }
  return newest;
}

bool ResultIndex::Stood(LogPosition position, LogPosition at) const {
  if (!IsReplaced(position)) return true;
  const auto& table = replaced_by_[static_cast<size_t>(position >> kReplacedTableBits)];
  return table.find(position)->second > at;
}

LogPosition ResultIndex::ListStanding(absl::Span<const ForceKey> forces, LogPosition at, LogPosition after,
                                      size_t limit, int max_visits, std::vector<LogPosition>* positions) const {
  using Positions = std::deque<LogPosition>::const_iterator;
  using Next = std::pair<Positions, Positions>;  // What is left of one force.
  const auto later = [](const Next& a, const Next& b) { return *a.first > *b.first; };
  std::vector<Next> heap;
  for (const ForceKey& key : forces) {
    if (!IsKeyPart(key.operation) || !IsKeyPart(key.force)) continue;
    const auto known = force_numbers_.find(KeyBytes(key.operation, key.force).view());
    if (known == force_numbers_.end()) continue;
    const std::deque<LogPosition>& all = forces_[known->second].positions;
    const auto first = std::upper_bound(all.begin(), all.end(), after);
    const auto last = std::upper_bound(first, all.end(), at);
    if (first != last) heap.emplace_back(first, last);
  }
  std::make_heap(heap.begin(), heap.end(), later);
  LogPosition reached = after;
  for (int visits = 0; !heap.empty(); ++visits) {
    if (visits == max_visits || positions->size() >= limit) return reached;
    std::pop_heap(heap.begin(), heap.end(), later);
    Next& next = heap.back();
    reached = *next.first;
    if (Stood(reached, at)) positions->push_back(reached);
    if (++next.first == next.second) {
      heap.pop_back();
    } else {
      std::push_heap(heap.begin(), heap.end(), later);
    }
  }
  return at;
}

store::v1::IndexRun ResultIndex::TakeRun() {
  store::v1::IndexRun run;
  run.set_first_position(last_position_ - static_cast<LogPosition>(untaken_.size()) + 1);
  run.mutable_fingerprints()->Reserve(static_cast<int>(untaken_.size()));
  run.mutable_force_indexes()->Reserve(static_cast<int>(untaken_.size()));
  constexpr uint32_t kNotYet = std::numeric_limits<uint32_t>::max();
  std::vector<uint32_t> index_of(forces_.size(), kNotYet);  // By force number.
  for (const Entry& entry : untaken_) {
    uint32_t index = 0;
    if (entry.fingerprint != 0) {
      uint32_t& known = index_of[entry.force_number];
      if (known == kNotYet) {
        known = static_cast<uint32_t>(run.forces_size());
        store::v1::IndexForce& force = *run.add_forces();
        force.set_operation(forces_[entry.force_number].operation);
        force.set_force(forces_[entry.force_number].force);
      }
      index = known;
    }
    run.add_fingerprints(entry.fingerprint);
    run.add_force_indexes(index);
  }
  untaken_.clear();
  return run;
}

bool ResultIndex::AddRun(const store::v1::IndexRun& run) {
  MUSTER_CHECK(untaken_.empty());
  if (run.first_position() != last_position_ + 1 || run.fingerprints_size() == 0 ||
      run.force_indexes_size() != run.fingerprints_size()) {
    return false;
  }
  for (const store::v1::IndexForce& force : run.forces()) {
    if (!IsKeyPart(force.operation()) || !IsKeyPart(force.force())) return false;
  }
  const auto force_count = static_cast<uint32_t>(run.forces_size());
  for (int i = 0; i < run.fingerprints_size(); ++i) {
    if (run.fingerprints(i) != 0 && run.force_indexes(i) >= force_count) return false;
  }
  std::vector<uint32_t> numbers;
  numbers.reserve(force_count);
  for (const store::v1::IndexForce& force : run.forces()) numbers.push_back(NumberOf(force.operation(), force.force()));
  constexpr int kAhead = 16;  // So many fetches from memory are under way at once.
  for (int i = 0; i < run.fingerprints_size(); ++i) {
    if (i + kAhead < run.fingerprints_size()) Prefetch(run.fingerprints(i + kAhead));
    const uint64_t fingerprint = run.fingerprints(i);
    Add({fingerprint, fingerprint == 0 ? 0 : numbers[run.force_indexes(i)]});
  }
  untaken_.clear();
  return true;
}

}  // namespace muster
