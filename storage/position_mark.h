// How far the log went, kept outside of the database: so that a log whose end is lost is told from one that ends there.
#ifndef MUSTER_STORAGE_POSITION_MARK_H_
#define MUSTER_STORAGE_POSITION_MARK_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/store.h"

namespace rocksdb {
class Env;
class RandomRWFile;
}  // namespace rocksdb

namespace muster {

// The name of its file in the folder of the store.
inline constexpr absl::string_view kPositionMarkFile = "POSITION";

// A file of two slots that are written in turn, so that one that is torn leaves the other:
//
//   offset  size  field
//        0     8  "position"
//        8    16  identity  of the store
//       24     8  position  of the newest entry that was synced
//       32     8  checksum  XXH3 of the bytes before
//
// The first slot is at 0, the second at kSlotDistance. Integers are unsigned and big-endian.
//
// A mark is written after the sync of the entries that it speaks of and is not synced itself: after a power cut it may
// say less than was acknowledged, but never more than was on disk.
class PositionMark {
 public:
  static constexpr size_t kSlotDistance = 4096;

  // Opens the file in `directory`, or makes it. What cannot be read as a mark of this store counts for nothing.
  static absl::StatusOr<std::unique_ptr<PositionMark>> Open(rocksdb::Env* env, const std::string& directory,
                                                            const std::array<uint8_t, 16>& identity);
  ~PositionMark();
  PositionMark(const PositionMark&) = delete;
  PositionMark& operator=(const PositionMark&) = delete;

  // The highest position that the file held when it was opened; 0 if none.
  LogPosition found() const { return found_; }

  // Not safe for use from several threads.
  absl::Status Write(LogPosition position);
  absl::Status Sync();

 private:
  PositionMark(std::string path, const std::array<uint8_t, 16>& identity, std::unique_ptr<rocksdb::RandomRWFile> file);

  const std::string path_;
  const std::array<uint8_t, 16> identity_;
  const std::unique_ptr<rocksdb::RandomRWFile> file_;
  LogPosition found_ = 0;
  size_t next_slot_ = 0;
};

}  // namespace muster

#endif  // MUSTER_STORAGE_POSITION_MARK_H_
