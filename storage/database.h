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
enum class Family : size_t { kDefault, kLog, kNewest, kOperation, kCheckpoint };
inline constexpr std::array kFamilies = {Family::kDefault, Family::kLog, Family::kNewest, Family::kOperation,
                                         Family::kCheckpoint};

// The name on disk: "log".
absl::string_view FamilyName(Family family);

// An open database. Closes it when it goes. All functions may be called from any thread.
class Database {
 public:
  // Opens the store in `options.directory`, or makes one. See Store::Open for the errors. Nothing in a folder is
  // changed before it is known to be empty or a store of our format.
  static absl::StatusOr<std::unique_ptr<Database>> Open(const StoreOptions& options);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  const std::string& directory() const { return directory_; }
  rocksdb::DB& db() const { return *db_; }

  // Valid while this object lives. Not for kCheckpoint.
  rocksdb::ColumnFamilyHandle* family(Family family) const;

  // To be held while it is in use: ReplaceCheckpointFamily puts another in its place.
  std::shared_ptr<rocksdb::ColumnFamilyHandle> checkpoint_family() const;

  // Drops the column family of checkpoints with all that is in it, readable or not, and makes an empty one. Whoever
  // holds the old one may read what was there. Once an error was returned there may be none until the store is opened
  // again, which makes it.
  absl::Status ReplaceCheckpointFamily();

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
  uint64_t recovered_chunk_count_ = 0;

  mutable std::mutex checkpoint_mutex_;  // Guards families_[kCheckpoint]; never held over input or output.
};

}  // namespace muster

#endif  // MUSTER_STORAGE_DATABASE_H_
