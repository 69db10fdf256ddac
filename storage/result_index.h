// Where the newest revision of every result stands in the log: in memory, without its key.
#ifndef MUSTER_STORAGE_RESULT_INDEX_H_
#define MUSTER_STORAGE_RESULT_INDEX_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "muster/store/v1/index.pb.h"
#include "storage/store.h"

namespace muster {

// A number made from the key of a result. Two results may have the same; then the second has that of a further attempt.
// Zero stands for none.
using ResultFingerprint = uint64_t;

// What is asked most often, "was anything ever stored under this key?", is answered here for a key that is new, without
// the disk. For any other key the index says where the log has the answer: the log is the truth, and who finds a
// position here reads there whose entry it is. 28 to 47 bytes a result, and 28 to 47 for every revision that was
// replaced.
//
// A key has the fingerprints of attempts 0, 1, 2, … Its newest revision is under the first of them that is its own:
// those before are taken by other keys (which hardly ever happens), and the first that is free ends the search.
//
// Not safe for use from several threads; the store guards it. `seed` is the store's own, so that nobody outside can
// make keys whose fingerprints meet.
class ResultIndex {
 public:
  explicit ResultIndex(uint64_t seed) : seed_(seed) {}

  // The parts of `key` must be those of keys.h.
  ResultFingerprint FingerprintOf(const ResultKey& key, int attempt) const;

  // Whether `key` may be found under `fingerprint`, which is not free: whether it is one of the key's up to the first
  // that is free.
  bool LeadsTo(ResultFingerprint fingerprint, const ResultKey& key) const;

  // The position under a fingerprint; 0 if it is free.
  LogPosition Find(ResultFingerprint fingerprint) const;
  // Fetches what Find will look at, from memory into the processor's cache.
  void Prefetch(ResultFingerprint fingerprint) const;

  // The number of a force in an operation, for Add: given on first use, and kept.
  uint32_t NumberOf(absl::string_view operation, absl::string_view force);

  // What the index must know of one entry of the log.
  struct Entry {
    ResultFingerprint fingerprint = 0;  // 0: the entry is of no result.
    uint32_t force_number = 0;
  };

  // Takes up the entry that follows all before it in the log. What was under its fingerprint is of the same result, and
  // is replaced.
  void Add(const Entry& entry);

  void Clear();

  // Of the last entry that was added.
  LogPosition last_position() const { return last_position_; }

  // Positions of the newest revisions of one force in one operation, above `after`, ascending, at most `limit`.
  std::vector<LogPosition> List(absl::string_view operation, absl::string_view force, LogPosition after,
                                int limit) const;

  // Appends to `positions` those of the revisions that stood when the log ended at `at`, of several forces: above
  // `after`, ascending, as long as there are fewer than `limit`. Looks at `max_visits` at most; returns the position
  // after which to go on, `at` if there is nothing left.
  LogPosition ListStanding(absl::Span<const ForceKey> forces, LogPosition at, LogPosition after, size_t limit,
                           int max_visits, std::vector<LogPosition>* positions) const;

  // What was added since the last call, in a form to keep; its first entry follows what was taken before.
  store::v1::IndexRun TakeRun();
  size_t untaken_count() const { return untaken_.size(); }
  // Takes up a run as kept, when nothing is left to take. False, and nothing is changed, if it is none or does not
  // follow last_position().
  bool AddRun(const store::v1::IndexRun& run);

 private:
  // By the upper bits of the fingerprint: a table that grows is copied, and many small ones grow one at a time.
  static constexpr int kTableBits = 10;
  using Table = absl::flat_hash_map<ResultFingerprint, LogPosition>;
  struct Force {
    std::string operation;
    std::string force;
    std::deque<LogPosition> positions;  // Of all revisions, ascending.
  };

  Table& TableOf(ResultFingerprint fingerprint) { return tables_[fingerprint >> (64 - kTableBits)]; }
  const Table& TableOf(ResultFingerprint fingerprint) const { return tables_[fingerprint >> (64 - kTableBits)]; }
  bool IsReplaced(LogPosition position) const { return replaced_[static_cast<size_t>(position)]; }
  // Whether the revision at `position` stood when the log ended at `at`, which is not before it.
  bool Stood(LogPosition position, LogPosition at) const;
  // By the upper bits of the position, for the same reason as the other tables.
  static constexpr int kReplacedTableBits = 16;

  const uint64_t seed_;
  std::array<Table, size_t{1} << kTableBits> tables_;
  std::vector<Force> forces_;                                 // By number.
  absl::flat_hash_map<std::string, uint32_t> force_numbers_;  // By operation, zero, force.
  std::vector<bool> replaced_ = {false};                      // By position: whether a later revision took its place.
  std::deque<absl::flat_hash_map<LogPosition, LogPosition>> replaced_by_;  // Of those, by which one.
  std::vector<Entry> untaken_;
  LogPosition last_position_ = 0;
};

}  // namespace muster

#endif  // MUSTER_STORAGE_RESULT_INDEX_H_
