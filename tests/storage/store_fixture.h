// What tests with a real store share: a folder, entries to write, and the database behind the store's back.
#ifndef MUSTER_TESTS_STORAGE_STORE_FIXTURE_H_
#define MUSTER_TESTS_STORAGE_STORE_FIXTURE_H_

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/store.h"
#include "tests/storage/encoded_entries.h"

namespace muster {

// Holds of an absl::Status, or of the status of an absl::StatusOr, with this code and a message that matches.
MATCHER_P2(StatusIs, code, message, "") {
  const absl::Status& status = [&]() -> const absl::Status& {
    if constexpr (std::is_same_v<std::decay_t<decltype(arg)>, absl::Status>) {
      return arg;
    } else {
      return arg.status();
    }
  }();
  *result_listener << "is " << status.ToString();
  return status.code() == code && testing::ExplainMatchResult(message, std::string(status.message()), result_listener);
}
MATCHER(IsOk, "") {
  if constexpr (std::is_same_v<std::decay_t<decltype(arg)>, absl::Status>) {
    *result_listener << "is " << arg.ToString();
  } else {
    *result_listener << "is " << arg.status().ToString();
  }
  return arg.ok();
}

// A folder of its own for each test, removed afterwards.
class StoreTest : public testing::Test {
 protected:
  StoreTest();
  ~StoreTest() override;

  // A path in the folder; nothing is there yet unless the test made it.
  std::string Path(absl::string_view name) const;
  std::string StorePath() const { return Path("store"); }

  // Opens the store at StorePath(), which must be possible. Whatever was open before is closed first.
  void Open();
  void Close() { store_.reset(); }
  // Makes an empty store with a known identity, which its fingerprints depend on, and opens it.
  void MakeWithIdentity(const std::array<uint8_t, 16>& identity);
  Store& store() { return *store_; }

  // Appends a group that begins where the log ends, a microsecond after the one before.
  void AppendGroup(std::vector<store::v1::LogEntry> entries);
  // Appends a group of `count` small results: of thames-valley in "op", with the position as result_id.
  void AppendResults(int count);

  // Position of the newest revision of a result; 0 if nothing is stored.
  LogPosition NewestPosition(absl::string_view operation, absl::string_view force, absl::string_view result_id);

  // Positions of what ListNewest lists.
  std::vector<LogPosition> ListPositions(absl::string_view operation, absl::string_view force, LogPosition after,
                                         int limit);

  // What a replay from `first` sees.
  std::vector<LoggedEntry> ReplayFrom(LogPosition first);

  // A copy of the store's folder as a kill would leave it: nothing is flushed or closed.
  std::string CopyAsKilled(absl::string_view name);

 private:
  const std::string folder_;
  std::unique_ptr<Store> store_;
};

// An accepted result of revision 1 without figures, which replaces nothing. `result_id` makes its digest too.
store::v1::LogEntry ResultEntry(absl::string_view operation, absl::string_view force, absl::string_view result_id);
// A later revision of such a result.
store::v1::LogEntry RevisionEntry(absl::string_view operation, absl::string_view force, absl::string_view result_id,
                                  int64_t revision, LogPosition replaced_position);
store::v1::LogEntry OperationEntry(absl::string_view id, absl::string_view title);

// A group of entries that must stay until it is written.
LogGroup GroupOf(LogPosition first_position, int64_t accept_time_us, const EncodedEntries& entries);

// A closed store's database, opened behind its back. Fails the test where RocksDB fails.
class RawDatabase {
 public:
  explicit RawDatabase(const std::string& folder);
  ~RawDatabase();
  RawDatabase(const RawDatabase&) = delete;
  RawDatabase& operator=(const RawDatabase&) = delete;

  void Put(absl::string_view family, absl::string_view key, absl::string_view value);
  void Delete(absl::string_view family, absl::string_view key);
  void Drop(absl::string_view family);
  // Writes the family's memtable to a table file, and goes on in a new file of the write-ahead log.
  void Flush(absl::string_view family);
  std::map<std::string, std::string> ReadAll(absl::string_view family);
  // Paths of the table files of a family.
  std::vector<std::string> TableFiles(absl::string_view family);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The names and sizes of all files below a folder.
std::map<std::string, uint64_t> FilesOf(const std::string& folder);

// Paths of the files of a folder whose name ends so, in order, without empty ones.
std::vector<std::string> FilesEndingIn(const std::string& folder, absl::string_view ending);

std::string ReadFile(const std::string& path);
void WriteFile(const std::string& path, absl::string_view bytes);

// Turns every bit of one byte.
void FlipByte(const std::string& path, uint64_t offset);

}  // namespace muster

#endif  // MUSTER_TESTS_STORAGE_STORE_FIXTURE_H_
