#include "storage/status.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "rocksdb/status.h"

namespace muster {
namespace {

// Whether a database could not be opened because a table file is there and the disk refused to read it: to RocksDB that
// is corruption too.
bool IsRefusedTableFile(const rocksdb::Status& status) {
  const std::string text = status.ToString();
  return status.IsCorruption() && absl::StrContains(text, "Can't access") && absl::StrContains(text, "IO error: ") &&
         !absl::StrContains(text, "No such file or directory");
}

}  // namespace

absl::Status FromRocksDb(const rocksdb::Status& status, absl::string_view doing, absl::string_view mend) {
  if (status.ok()) return absl::OkStatus();
  const std::string message = absl::StrCat("cannot ", doing, ": ", status.ToString());
  if (IsRefusedTableFile(status)) return absl::UnavailableError(message);
  if (status.IsCorruption() || status.IsPathNotFound()) return absl::DataLossError(absl::StrCat(message, ". ", mend));
  if (status.IsNoSpace() || (status.IsIOError() && status.subcode() == rocksdb::Status::kSpaceLimit)) {
    return absl::ResourceExhaustedError(message);
  }
  if (IsLockHeld(status) || status.IsBusy()) return absl::FailedPreconditionError(message);
  if (status.IsIOError()) return absl::UnavailableError(message);
  return absl::InternalError(message);
}

bool IsLockHeld(const rocksdb::Status& status) {
  // RocksDB has no code for it. The first text is of another process, the second of this one; opening the lock file
  // itself fails with another text ("While open a file for lock").
  const std::string text = status.ToString();
  return status.IsIOError() &&
         (absl::StrContains(text, "While lock file") || absl::StrContains(text, "lock hold by current process"));
}

absl::Status DataLossAt(absl::string_view where, absl::string_view problem, absl::string_view mend) {
  return absl::DataLossError(absl::StrCat(where, " is damaged: ", problem, ". ", mend));
}

}  // namespace muster
