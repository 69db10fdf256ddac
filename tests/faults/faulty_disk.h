// A disk that fails as told: it loses power, refuses, hangs, fills up or lies. It lies below RocksDB, on a real folder.
#ifndef MUSTER_TESTS_FAULTS_FAULTY_DISK_H_
#define MUSTER_TESTS_FAULTS_FAULTY_DISK_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"

namespace rocksdb {
class Env;
}  // namespace rocksdb

namespace muster {

// Kinds of what a disk is asked to do. Making, renaming and removing a file is a write of its folder; listing a folder
// or asking for a file is a read.
enum class DiskAction { kRead, kWrite, kSync };

enum class DiskError {
  kInputOutput,  // As EIO.
  kNoSpace,      // As ENOSPC.
};

// Files are real ones, so whatever was written can be read back at once, by anybody. What would be left of them after a
// power cut is kept account of:
//
// - Of a file, what was synced, and of what was written since, in order, as much as Restart() leaves.
// - Of a folder, the names as they were when it was last synced, and of the changes since, in order, as many as
//   Restart() leaves. A sync of a file keeps its content, not its name; a folder itself is a name in its parent.
// - What a failed sync should have kept is lost for good: a later sync that succeeds does not bring it back, as on
// Linux.
//
// Nothing is synced in truth, so a sync costs nothing. RocksDB's own log of what it does (LOG) is not written, and the
// lock file (LOCK) has no faults. The clock sleeps for a millisecond at most.
//
// All functions may be called from any thread at any time, but for Restart.
class FaultyDisk {
 public:
  // `folder` is for this object alone: made if absent, emptied when it goes. It must be outside of the folders that are
  // looked after, and on the same file system. `seed` decides what is left to chance.
  FaultyDisk(std::string folder, uint32_t seed);
  ~FaultyDisk();
  FaultyDisk(const FaultyDisk&) = delete;
  FaultyDisk& operator=(const FaultyDisk&) = delete;

  // For StoreOptions::environment. Lives as long as this object.
  rocksdb::Env* environment() const;

  // How often it was asked for, whatever came of it; what waits is not yet counted.
  int64_t Count(DiskAction action) const;

  // The `nth` action of that kind from now on, from 1, fails; `for_ever`: so do those after it. A write that fails may
  // leave its first bytes. Replaces an earlier order for that kind.
  void FailAt(DiskAction action, int64_t nth, DiskError error, bool for_ever);
  // Nothing fails any more that has not failed.
  void Mend();
  // Whether any action failed as ordered, or for want of space, since the last Mend; and of which file the first was,
  // for a sync of a folder the file that was renamed.
  bool HasFailed() const;
  std::string FirstFailure() const;

  // Files can grow by that many bytes in all; whatever is removed makes room. A write beyond leaves what fits, and ends
  // in kNoSpace; no file can be made when nothing is left.
  void SetFreeBytes(int64_t bytes);

  // Actions of that kind wait until Release().
  void Hold(DiskAction action);
  void Release();
  // Returns when that many threads wait.
  void AwaitHeld(int threads) const;

  // The `nth` write or sync from now on, from 1, is the last: it is done or not, and fails in either case, and so does
  // everything after it.
  void CutPowerAt(int64_t nth);
  bool IsOff() const;

  // Whatever syncs of files whose name ends so, or of folders, say, they keep nothing.
  void LieAboutSyncsOf(absl::string_view ending);
  void LieAboutSyncsOfFolders();

  // Leaves on disk what a power cut leaves, and all works again, with all orders forgotten. No file may be open.
  void Restart();

 private:
  class Disk;
  const std::shared_ptr<Disk> disk_;
  const std::unique_ptr<rocksdb::Env> environment_;
};

}  // namespace muster

#endif  // MUSTER_TESTS_FAULTS_FAULTY_DISK_H_
