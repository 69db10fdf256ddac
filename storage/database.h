// The RocksDB database behind a store: how it is tuned, and how a folder becomes an open database that is known to be
// a whole Muster store of our format.
#ifndef MUSTER_STORAGE_DATABASE_H_
#define MUSTER_STORAGE_DATABASE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/store.h"

namespace rocksdb {
class ColumnFamilyHandle;
class DB;
}  // namespace rocksdb

namespace muster {

// What each holds is in docs/storage-format.md.
enum class Family : size_t { kDefault, kLog, kIndex, kOperation, kCheckpoint, kMilestone };
inline constexpr std::array kFamilies = {Family::kDefault,   Family::kLog,        Family::kIndex,
                                         Family::kOperation, Family::kCheckpoint, Family::kMilestone};

// The name on disk: "log".
absl::string_view FamilyName(Family family);

// Whether all that a family holds can be made again from the log.
inline bool IsDerived(Family family) {
  return family == Family::kIndex || family == Family::kCheckpoint || family == Family::kMilestone;
}

// An open database. Closes it when it goes. All functions may be called from any thread.
class Database {
 public:
  // Opens the store in `options.directory`, or makes one. See Store::Open for the errors. Nothing in a folder is
  // changed before it is known to be empty or a store of our format.
  static absl::StatusOr<std::unique_ptr<Database>> Open(const StoreOptions& options);
  // Whether there is a store in a folder; not if it is absent, or empty. As Store::Inspect.
  static absl::StatusOr<bool> IsStore(const std::string& directory);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  const std::string& directory() const { return directory_; }
  rocksdb::DB& db() const { return *db_; }

  // To be held while it is in use: ReplaceFamily may put another in its place.
  std::shared_ptr<rocksdb::ColumnFamilyHandle> family(Family family) const;

  // Drops a derived column family with all that is in it, readable or not, and makes an empty one. Whoever holds the
  // old one may read what was there. Once an error was returned there may be none until the store is opened again,
  // which makes it.
  absl::Status ReplaceFamily(Family family);

  // Writes what is buffered to table files.
  absl::Status Flush() const;

  const std::array<uint8_t, 16>& identity() const { return identity_; }

  // Chunks of the log that were in the write-ahead log when the store was opened; they are in table files since.
  uint64_t recovered_chunk_count() const { return recovered_chunk_count_; }

 private:
  // Handles go before the database that they are of.
  struct Closer {
    void operator()(rocksdb::DB* db) const;
  };
  using Handle = std::shared_ptr<rocksdb::ColumnFamilyHandle>;

  explicit Database(std::string directory);
  absl::Status OpenFamilies(const StoreOptions& options, bool may_create);

  const std::string directory_;
  std::unique_ptr<rocksdb::DB, Closer> db_;
  std::array<Handle, kFamilies.size()> families_;
  std::array<uint8_t, 16> identity_{};
  uint64_t recovered_chunk_count_ = 0;

  mutable std::mutex families_mutex_;  // Guards families_; never held over input or output.
  mutable std::mutex flush_mutex_;     // Held while families are flushed or replaced: one that is dropped has no flush.
};

}  // namespace muster

#endif  // MUSTER_STORAGE_DATABASE_H_
