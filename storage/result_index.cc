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
