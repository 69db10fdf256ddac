#include "tests/storage/store_fixture.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "rocksdb/db.h"
#include "rocksdb/options.h"
#include "storage/keys.h"
#include "storage/records.h"

namespace muster {
namespace {

namespace fs = std::filesystem;

std::string MakeTemporaryFolder() {
  std::string path = absl::StrCat(testing::TempDir(), "/muster-storage-XXXXXX");
  if (mkdtemp(path.data()) == nullptr) std::abort();
  return path;
}

rocksdb::Slice ToSlice(absl::string_view bytes) { return rocksdb::Slice(bytes.data(), bytes.size()); }

}  // namespace

StoreTest::StoreTest() : folder_(MakeTemporaryFolder()) {}

StoreTest::~StoreTest() {
  store_.reset();
  fs::remove_all(folder_);
}

std::string StoreTest::Path(absl::string_view name) const { return absl::StrCat(folder_, "/", name); }

void StoreTest::Open() {
  Close();
  StoreOptions options;
  options.directory = StorePath();
  absl::StatusOr<std::unique_ptr<Store>> opened = Store::Open(options);
  ASSERT_THAT(opened, IsOk());
  store_ = *std::move(opened);
}

void StoreTest::MakeWithIdentity(const std::array<uint8_t, 16>& identity) {
  Open();
  Close();
  FormatRecord record;
  record.identity = identity;
  const std::array<char, kFormatRecordBytes> bytes = EncodeFormatRecord(record);
  RawDatabase(StorePath()).Put("default", kFormatKey, absl::string_view(bytes.data(), bytes.size()));
  Open();
}

void StoreTest::AppendGroup(std::vector<store::v1::LogEntry> entries) {
  const EncodedEntries encoded(std::move(entries));
  const LogPosition first = store_->last_position() + 1;
  ASSERT_THAT(store_->Append(GroupOf(first, 1'600'000'000'000'000 + first, encoded)), IsOk());
}

void StoreTest::AppendResults(int count) {
  std::vector<store::v1::LogEntry> entries;
  entries.reserve(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) {
    entries.push_back(ResultEntry("op", "thames-valley", absl::StrCat(store_->last_position() + 1 + i)));
  }
  AppendGroup(std::move(entries));
}

LogPosition StoreTest::NewestPosition(absl::string_view operation, absl::string_view force,
                                      absl::string_view result_id) {
  const auto newest = store_->ReadNewest({ResultKey{operation, force, result_id}});
  EXPECT_THAT(newest, IsOk());
  if (!newest.ok() || !newest->front().has_value()) return 0;
  EXPECT_EQ(KeyOf(newest->front()->entry.result().result()), (ResultKey{operation, force, result_id}));
  return newest->front()->position;
}

std::vector<LogPosition> StoreTest::ListPositions(absl::string_view operation, absl::string_view force,
                                                  LogPosition after, int limit) {
  const absl::StatusOr<std::vector<LoggedEntry>> listed = store_->ListNewest(operation, force, after, limit);
  EXPECT_THAT(listed, IsOk());
  std::vector<LogPosition> positions;
  if (!listed.ok()) return positions;
  for (const LoggedEntry& entry : *listed) positions.push_back(entry.position);
  return positions;
}

std::vector<LoggedEntry> StoreTest::ReplayFrom(LogPosition first) {
  std::vector<LoggedEntry> seen;
  EXPECT_THAT(store_->Replay(first,
                             [&](const LoggedEntry& logged) {
                               seen.push_back(logged);
                               return absl::OkStatus();
                             }),
              IsOk());
  return seen;
}

std::string StoreTest::CopyAsKilled(absl::string_view name) {
  std::string copy = Path(name);
  fs::create_directory(copy);
  for (const fs::directory_entry& file : fs::directory_iterator(StorePath())) {
    // Closing any descriptor of the lock file would give the lock of this process back.
    if (file.path().filename() != "LOCK") fs::copy(file.path(), fs::path(copy) / file.path().filename());
  }
  return copy;
}

store::v1::LogEntry ResultEntry(absl::string_view operation, absl::string_view force, absl::string_view result_id) {
  store::v1::LogEntry entry;
  store::v1::LoggedResult& logged = *entry.mutable_result();
  logged.set_outcome(v1::OUTCOME_ACCEPTED);
  std::string digest(result_id.substr(0, 32));
  digest.resize(32, '.');
  logged.set_digest(digest);
  v1::OperationResult& result = *logged.mutable_result();
  result.set_operation(std::string(operation));
  result.set_force(std::string(force));
  result.set_result_id(std::string(result_id));
  result.set_revision(1);
  return entry;
}

store::v1::LogEntry RevisionEntry(absl::string_view operation, absl::string_view force, absl::string_view result_id,
                                  int64_t revision, LogPosition replaced_position) {
  store::v1::LogEntry entry = ResultEntry(operation, force, result_id);
  entry.mutable_result()->set_outcome(v1::OUTCOME_REVISED);
  entry.mutable_result()->set_replaced_position(replaced_position);
  entry.mutable_result()->mutable_result()->set_revision(revision);
  return entry;
}

store::v1::LogEntry OperationEntry(absl::string_view id, absl::string_view title) {
  store::v1::LogEntry entry;
  v1::Operation& operation = *entry.mutable_operation()->mutable_operation();
  operation.set_id(std::string(id));
  operation.set_title(std::string(title));
  return entry;
}

LogGroup GroupOf(LogPosition first_position, int64_t accept_time_us, const EncodedEntries& entries) {
  LogGroup group;
  group.first_position = first_position;
  group.accept_time_us = accept_time_us;
  group.entries = entries.entries();
  return group;
}

struct RawDatabase::Impl {
  std::unique_ptr<rocksdb::DB> db;
  std::map<std::string, std::unique_ptr<rocksdb::ColumnFamilyHandle>> families;

  rocksdb::ColumnFamilyHandle* family(absl::string_view name) { return families.at(std::string(name)).get(); }
};

RawDatabase::RawDatabase(const std::string& folder) : impl_(std::make_unique<Impl>()) {
  std::vector<std::string> names;
  EXPECT_TRUE(rocksdb::DB::ListColumnFamilies(rocksdb::DBOptions(), folder, &names).ok());
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  descriptors.reserve(names.size());
  for (const std::string& name : names) descriptors.emplace_back(name, rocksdb::ColumnFamilyOptions());
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  const rocksdb::Status opened = rocksdb::DB::Open(rocksdb::DBOptions(), folder, descriptors, &handles, &db);
  EXPECT_TRUE(opened.ok()) << opened.ToString();
  impl_->db.reset(db);
  for (size_t i = 0; i < handles.size(); ++i) impl_->families[names[i]].reset(handles[i]);
}

RawDatabase::~RawDatabase() = default;

void RawDatabase::Put(absl::string_view family, absl::string_view key, absl::string_view value) {
  EXPECT_TRUE(impl_->db->Put(rocksdb::WriteOptions(), impl_->family(family), ToSlice(key), ToSlice(value)).ok());
}

void RawDatabase::Delete(absl::string_view family, absl::string_view key) {
  EXPECT_TRUE(impl_->db->Delete(rocksdb::WriteOptions(), impl_->family(family), ToSlice(key)).ok());
}

void RawDatabase::Drop(absl::string_view family) {
  EXPECT_TRUE(impl_->db->DropColumnFamily(impl_->family(family)).ok());
}

void RawDatabase::Flush(absl::string_view family) {
  EXPECT_TRUE(impl_->db->Flush(rocksdb::FlushOptions(), impl_->family(family)).ok());
}

std::map<std::string, std::string> RawDatabase::ReadAll(absl::string_view family) {
  std::map<std::string, std::string> all;
  const std::unique_ptr<rocksdb::Iterator> iterator(
      impl_->db->NewIterator(rocksdb::ReadOptions(), impl_->family(family)));
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
    all.emplace(iterator->key().ToString(), iterator->value().ToString());
  }
  EXPECT_TRUE(iterator->status().ok()) << iterator->status().ToString();
  return all;
}

std::vector<std::string> RawDatabase::TableFiles(absl::string_view family) {
  std::vector<rocksdb::LiveFileMetaData> files;
  impl_->db->GetLiveFilesMetaData(&files);
  std::vector<std::string> paths;
  for (const rocksdb::LiveFileMetaData& file : files) {
    if (absl::string_view(file.column_family_name) == family) paths.push_back(file.db_path + file.name);
  }
  return paths;
}

std::map<std::string, uint64_t> FilesOf(const std::string& folder) {
  std::map<std::string, uint64_t> files;
  for (const fs::directory_entry& file : fs::directory_iterator(folder)) {
    files[file.path().filename()] = file.is_regular_file() ? file.file_size() : 0;
  }
  return files;
}

std::vector<std::string> FilesEndingIn(const std::string& folder, absl::string_view ending) {
  std::vector<std::string> paths;
  for (const auto& [name, size] : FilesOf(folder)) {
    if (size > 0 && absl::EndsWith(name, ending)) paths.push_back(absl::StrCat(folder, "/", name));
  }
  return paths;
}

std::string ReadFile(const std::string& path) {
  std::stringstream bytes;
  bytes << std::ifstream(path, std::ios::binary).rdbuf();
  return bytes.str();
}

void WriteFile(const std::string& path, absl::string_view bytes) {
  std::ofstream(path, std::ios::binary) << std::string(bytes);
}

void FlipByte(const std::string& path, uint64_t offset) {
  std::string bytes = ReadFile(path);
  ASSERT_LT(offset, bytes.size());
  bytes[offset] = static_cast<char>(~bytes[offset]);
  WriteFile(path, bytes);
}

}  // namespace muster
