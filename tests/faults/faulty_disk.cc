#include "tests/faults/faulty_disk.h"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "domain/check.h"
#include "rocksdb/env.h"
#include "rocksdb/file_system.h"
#include "rocksdb/system_clock.h"

namespace muster {
namespace {

namespace fs = std::filesystem;
using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

std::string Normal(const std::string& path) {
  const fs::path normal = fs::path(path).lexically_normal();
  return (normal.has_filename() ? normal : normal.parent_path()).string();
}
std::string FolderOf(const std::string& normal) { return fs::path(normal).parent_path().string(); }

IOStatus StatusOf(DiskError error, const std::string& path) {
  if (error == DiskError::kInputOutput) return IOStatus::IOError("the disk failed on purpose", path);
  IOStatus status = IOStatus::NoSpace("the disk is full on purpose", path);
  status.SetRetryable(true);  // As RocksDB's own file system says it.
  return status;
}

// Writes into a file that nobody has open, without making it longer or shorter but by what is written.
void Overwrite(const std::string& path, uint64_t offset, const std::string& bytes) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(offset));
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  MUSTER_CHECK(file.good());
}

class NoLogger : public rocksdb::Logger {
 public:
  using Logger::Logv;
  void Logv(const char* /*format*/, va_list /*arguments*/) override {}
  size_t GetLogFileSize() const override { return 0; }
};

// RocksDB waits for a second after every flush and compaction that failed, lest it fill its log.
class ImpatientClock : public rocksdb::SystemClockWrapper {
 public:
  ImpatientClock() : SystemClockWrapper(rocksdb::SystemClock::Default()) {}
  const char* Name() const override { return "ImpatientClock"; }
  void SleepForMicroseconds(int micros) override { target_->SleepForMicroseconds(std::min(micros, 1'000)); }
};

// Goes the way of NewCompositeEnv, which takes no clock.
class Environment : public rocksdb::EnvWrapper {
 public:
  explicit Environment(const std::shared_ptr<rocksdb::FileSystem>& disk)
      : Environment(disk, rocksdb::NewCompositeEnv(disk)) {}
  const char* Name() const override { return "FaultyDisk"; }

 private:
  Environment(const std::shared_ptr<rocksdb::FileSystem>& disk, std::unique_ptr<rocksdb::Env>&& composite)
      : EnvWrapper(composite.get()), composite_(std::move(composite)) {
    file_system_ = disk;
    system_clock_ = std::make_shared<ImpatientClock>();
  }
  const std::unique_ptr<rocksdb::Env> composite_;
};

}  // namespace

class FaultyDisk::Disk : public rocksdb::FileSystemWrapper {
 public:
  Disk(std::string folder, uint32_t seed)
      : FileSystemWrapper(rocksdb::FileSystem::Default()), folder_(std::move(folder)) {
    std::seed_seq seeds{seed};  // Of neighbouring seeds alone the first numbers are alike.
    random_.seed(seeds);
    fs::create_directories(folder_);
  }
  ~Disk() override { fs::remove_all(folder_); }
  const char* Name() const override { return "FaultyDisk"; }

  // What FaultyDisk promises; see there.
  int64_t Count(DiskAction action) const {
    const std::lock_guard lock(mutex_);
    return OfKind(action).count;
  }
  void FailAt(DiskAction action, int64_t nth, DiskError error, bool for_ever) {
    const std::lock_guard lock(mutex_);
    Kind& kind = OfKind(action);
    kind.fails_in = nth;
    kind.error = error;
    kind.for_ever = for_ever;
  }
  void Mend() {
    const std::lock_guard lock(mutex_);
    for (Kind& kind : kinds_) kind.fails_in = kNever;
    free_bytes_.reset();
    first_failure_.clear();
  }
  std::string FirstFailure() const {
    const std::lock_guard lock(mutex_);
    return first_failure_;
  }
  void SetFreeBytes(int64_t bytes) {
    const std::lock_guard lock(mutex_);
    free_bytes_ = bytes;
  }
  void Hold(DiskAction action) {
    const std::lock_guard lock(mutex_);
    OfKind(action).is_held = true;
  }
  void Release() {
    const std::lock_guard lock(mutex_);
    for (Kind& kind : kinds_) kind.is_held = false;
    changed_.notify_all();
  }
  void AwaitHeld(int threads) const {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return held_threads_ >= threads; });
  }
  void CutPowerAt(int64_t nth) {
    const std::lock_guard lock(mutex_);
    off_in_ = nth;
  }
  bool IsOff() const {
    const std::lock_guard lock(mutex_);
    return is_off_;
  }
  void LieAboutSyncsOf(absl::string_view ending) {
    const std::lock_guard lock(mutex_);
    lying_ending_ = std::string(ending);
  }
  void LieAboutSyncsOfFolders() {
    const std::lock_guard lock(mutex_);
    lies_of_folders_ = true;
  }
  void Restart();

  IOStatus NewWritableFile(const std::string& name, const FileOptions& options,
                           std::unique_ptr<rocksdb::FSWritableFile>* result, IODebugContext* debug) override;
  IOStatus NewRandomRWFile(const std::string& name, const FileOptions& options,
                           std::unique_ptr<rocksdb::FSRandomRWFile>* result, IODebugContext* debug) override;
  IOStatus NewSequentialFile(const std::string& name, const FileOptions& options,
                             std::unique_ptr<rocksdb::FSSequentialFile>* result, IODebugContext* debug) override;
  IOStatus NewRandomAccessFile(const std::string& name, const FileOptions& options,
                               std::unique_ptr<rocksdb::FSRandomAccessFile>* result, IODebugContext* debug) override;
  IOStatus NewDirectory(const std::string& name, const IOOptions& options,
                        std::unique_ptr<rocksdb::FSDirectory>* result, IODebugContext* debug) override;
  IOStatus DeleteFile(const std::string& name, const IOOptions& options, IODebugContext* debug) override;
  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions& options,
                      IODebugContext* debug) override;
  IOStatus LinkFile(const std::string& from, const std::string& to, const IOOptions& options,
                    IODebugContext* debug) override;
  IOStatus CreateDir(const std::string& name, const IOOptions& options, IODebugContext* debug) override;
  IOStatus CreateDirIfMissing(const std::string& name, const IOOptions& options, IODebugContext* debug) override;

  // Not looked after; whoever begins to use one must do that first.
  IOStatus ReopenWritableFile(const std::string& /*name*/, const FileOptions& /*options*/,
                              std::unique_ptr<rocksdb::FSWritableFile>* /*result*/,
                              IODebugContext* /*debug*/) override {
    return IOStatus::NotSupported("ReopenWritableFile");
  }
  IOStatus ReuseWritableFile(const std::string& /*name*/, const std::string& /*old_name*/,
                             const FileOptions& /*options*/, std::unique_ptr<rocksdb::FSWritableFile>* /*result*/,
                             IODebugContext* /*debug*/) override {
    return IOStatus::NotSupported("ReuseWritableFile");
  }
  IOStatus NewMemoryMappedFileBuffer(const std::string& /*name*/,
                                     std::unique_ptr<rocksdb::MemoryMappedFileBuffer>* /*result*/) override {
    return IOStatus::NotSupported("NewMemoryMappedFileBuffer");
  }
  IOStatus Truncate(const std::string& /*name*/, size_t /*size*/, const IOOptions& /*options*/,
                    IODebugContext* /*debug*/) override {
    return IOStatus::NotSupported("Truncate");
  }
  IOStatus DeleteDir(const std::string& /*name*/, const IOOptions& /*options*/, IODebugContext* /*debug*/) override {
    return IOStatus::NotSupported("DeleteDir");
  }

  IOStatus FileExists(const std::string& name, const IOOptions& options, IODebugContext* debug) override {
    return Read(name, [&] { return target()->FileExists(name, options, debug); });
  }
  IOStatus GetChildren(const std::string& name, const IOOptions& options, std::vector<std::string>* result,
                       IODebugContext* debug) override {
    return Read(name, [&] { return target()->GetChildren(name, options, result, debug); });
  }
  IOStatus GetChildrenFileAttributes(const std::string& name, const IOOptions& options,
                                     std::vector<rocksdb::FileAttributes>* result, IODebugContext* debug) override {
    return Read(name, [&] { return target()->GetChildrenFileAttributes(name, options, result, debug); });
  }
  IOStatus GetFileSize(const std::string& name, const IOOptions& options, uint64_t* size,
                       IODebugContext* debug) override {
    return Read(name, [&] { return target()->GetFileSize(name, options, size, debug); });
  }
  IOStatus IsDirectory(const std::string& name, const IOOptions& options, bool* is_directory,
                       IODebugContext* debug) override {
    return Read(name, [&] { return target()->IsDirectory(name, options, is_directory, debug); });
  }
  IOStatus GetFreeSpace(const std::string& name, const IOOptions& options, uint64_t* bytes,
                        IODebugContext* debug) override {
    {
      const std::lock_guard lock(mutex_);
      if (free_bytes_.has_value()) {
        *bytes = static_cast<uint64_t>(*free_bytes_);
        return IOStatus::OK();
      }
    }
    return Read(name, [&] { return target()->GetFreeSpace(name, options, bytes, debug); });
  }
  IOStatus NewLogger(const std::string& /*name*/, const IOOptions& /*options*/,
                     std::shared_ptr<rocksdb::Logger>* result, IODebugContext* /*debug*/) override {
    *result = std::make_shared<NoLogger>();
    return IOStatus::OK();
  }
  IOStatus LockFile(const std::string& name, const IOOptions& options, rocksdb::FileLock** result,
                    IODebugContext* debug) override {
    return IsOff() ? Off() : target()->LockFile(name, options, result, debug);
  }

 private:
  // One write that is not synced.
  struct Write {
    uint64_t offset = 0;
    uint64_t size = 0;
    uint64_t size_before = 0;  // Of the file.
    std::string overwritten;   // What stood there, as far as anything did.
  };
  // What a name stands for.
  struct File {
    bool is_folder = false;
    std::string second_name;  // In folder_, as long as this object.
    uint64_t size = 0;
    int names = 0;                // That it has now.
    std::vector<Write> unsynced;  // In order.
    std::vector<Write> lost;      // That a failed sync should have kept; in order.
  };
  using FilePtr = std::shared_ptr<File>;
  // One change of a folder: what names stand for afterwards, nullptr for nothing.
  using Change = std::vector<std::pair<std::string, FilePtr>>;

  struct Kind {
    int64_t count = 0;
    int64_t fails_in = kNever;
    DiskError error = DiskError::kInputOutput;
    bool for_ever = false;
    bool is_held = false;
  };

  class WritableFile;
  class RandomRWFile;
  class SequentialFile;
  class RandomAccessFile;
  class Folder;
  using Lock = std::unique_lock<std::mutex>;

  static IOStatus Off() { return IOStatus::IOError("the power is off"); }

  void NoteFailure(const std::string& path) {
    if (first_failure_.empty()) first_failure_ = path;
  }
  Kind& OfKind(DiskAction action) { return kinds_[static_cast<size_t>(action)]; }
  const Kind& OfKind(DiskAction action) const { return kinds_[static_cast<size_t>(action)]; }
  // From 0 to `limit`.
  uint64_t Random(uint64_t limit) { return std::uniform_int_distribution<uint64_t>(0, limit)(random_); }

  // What becomes of an action.
  enum class Effect {
    kGoes,     // It is done.
    kRefused,  // It fails without any effect.
    kFails,    // It fails; of a write the first bytes may be left.
    kCut,      // The power goes off meanwhile.
  };
  struct Passage {
    IOStatus status;
    Effect effect;
  };
  Passage Pass(Lock& lock, DiskAction action, const std::string& path);
  // Whether what is done whole or not at all is done.
  bool IsDone(Effect effect) { return effect == Effect::kGoes || (effect == Effect::kCut && Random(1) == 1); }

  // Passes a read, and does it.
  template <typename Function>
  IOStatus Read(const std::string& path, const Function& read) {
    Lock lock(mutex_);
    const Passage passed = Pass(lock, DiskAction::kRead, path);
    return passed.status.ok() ? read() : passed.status;
  }

  // Writes `data` through `write`, or as many of its first bytes as the disk takes.
  template <typename Function>
  IOStatus WriteTo(File& file, const std::string& path, const Slice& data, std::optional<uint64_t> at,
                   const Function& write);
  IOStatus Sync(File& file, const std::string& path);
  // `reason` is what the sync is for: a name in the folder, or the folder.
  IOStatus SyncFolder(const std::string& folder, const std::string& reason);

  // The rest with mutex_ held.

  // What a path stands for now; nullptr if nothing. What was there before this object was is synced.
  FilePtr Find(const std::string& path);
  FilePtr MakeFile();
  // Changes names; `folder` is synced later.
  void Apply(const std::string& folder, Change change);
  void TakeName(const std::string& path);
  // Leaves of a file what is synced and some of what is not.
  void LoseUnsynced(File& file);

  const std::string folder_;

  mutable std::mutex mutex_;  // Guards all that follows, and the files themselves.
  mutable std::condition_variable changed_;
  std::mt19937 random_;
  std::array<Kind, 3> kinds_;
  std::string first_failure_;          // Path; empty: nothing failed.
  std::optional<int64_t> free_bytes_;  // Without: enough.
  mutable int held_threads_ = 0;
  int64_t off_in_ = kNever;
  bool is_off_ = false;
  std::optional<std::string> lying_ending_;
  bool lies_of_folders_ = false;

  int64_t file_count_ = 0;
  std::map<std::string, FilePtr> names_;                // By path, as they are now.
  std::map<std::string, FilePtr> durable_names_;        // As they are in synced folders.
  std::map<std::string, std::vector<Change>> changes_;  // By folder: not synced, in order.
};

FaultyDisk::Disk::Passage FaultyDisk::Disk::Pass(Lock& lock, DiskAction action, const std::string& path) {
  Kind& kind = OfKind(action);
  if (kind.is_held) {
    ++held_threads_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return !kind.is_held; });
    --held_threads_;
  }
  if (is_off_) return {Off(), Effect::kRefused};
  ++kind.count;
  if (action != DiskAction::kRead && off_in_ != kNever && --off_in_ == 0) {
    is_off_ = true;
    return {Off(), Effect::kCut};
  }
  if (kind.fails_in != kNever && --kind.fails_in <= 0) {
    kind.fails_in = kind.for_ever ? 1 : kNever;
    NoteFailure(path);
    return {StatusOf(kind.error, path), Effect::kFails};
  }
  return {IOStatus::OK(), Effect::kGoes};
}

template <typename Function>
IOStatus FaultyDisk::Disk::WriteTo(File& file, const std::string& path, const Slice& data, std::optional<uint64_t> at,
                                   const Function& write) {
  Lock lock(mutex_);
  auto [passed, effect] = Pass(lock, DiskAction::kWrite, path);
  if (effect == Effect::kRefused) return passed;
  uint64_t taken = effect == Effect::kGoes ? data.size() : Random(data.size());
  const uint64_t offset = at.value_or(file.size);
  if (free_bytes_.has_value()) {
    const uint64_t inside = offset < file.size ? file.size - offset : 0;
    const uint64_t room = inside + static_cast<uint64_t>(std::max<int64_t>(0, *free_bytes_));
    if (taken > room) {
      taken = room;
      NoteFailure(path);
      if (passed.ok()) passed = StatusOf(DiskError::kNoSpace, path);
    }
  }
  if (taken == 0) return passed;

  Write record{offset, taken, file.size, ""};
  const uint64_t end = offset + taken;
  if (offset < file.size) {
    std::ifstream before(file.second_name, std::ios::binary);
    before.seekg(static_cast<std::streamoff>(offset));
    record.overwritten.resize(std::min(end, file.size) - offset);
    before.read(record.overwritten.data(), static_cast<std::streamsize>(record.overwritten.size()));
  }
  const IOStatus written = write(offset, Slice(data.data(), taken));
  MUSTER_CHECK(written.ok());  // The disk below is a good one.
  if (free_bytes_.has_value() && end > file.size) *free_bytes_ -= static_cast<int64_t>(end - file.size);
  file.size = std::max(file.size, end);
  file.unsynced.push_back(std::move(record));
  return passed;
}

IOStatus FaultyDisk::Disk::Sync(File& file, const std::string& path) {
  Lock lock(mutex_);
  const auto [passed, effect] = Pass(lock, DiskAction::kSync, path);
  if (lying_ending_.has_value() && absl::EndsWith(path, *lying_ending_)) return passed;
  if (IsDone(effect)) {
    file.unsynced.clear();
  } else if (effect == Effect::kFails) {
    std::move(file.unsynced.begin(), file.unsynced.end(), std::back_inserter(file.lost));
    file.unsynced.clear();
  }
  return passed;
}

IOStatus FaultyDisk::Disk::SyncFolder(const std::string& folder, const std::string& reason) {
  Lock lock(mutex_);
  const auto [passed, effect] = Pass(lock, DiskAction::kSync, reason);
  if (lies_of_folders_ || !IsDone(effect)) return passed;
  for (const Change& change : changes_[folder]) {
    for (const auto& [path, file] : change) {
      if (file != nullptr) {
        durable_names_[path] = file;
      } else {
        durable_names_.erase(path);
      }
    }
  }
  changes_.erase(folder);
  return passed;
}

FaultyDisk::Disk::FilePtr FaultyDisk::Disk::Find(const std::string& path) {
  const auto known = names_.find(path);
  if (known != names_.end()) return known->second;
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) return nullptr;
  FilePtr file = MakeFile();
  file->is_folder = fs::is_directory(status);
  if (!file->is_folder) {
    file->size = fs::file_size(path);
    fs::create_hard_link(path, file->second_name);
  }
  names_[path] = file;
  durable_names_[path] = file;
  return file;
}

FaultyDisk::Disk::FilePtr FaultyDisk::Disk::MakeFile() {
  auto file = std::make_shared<File>();
  file->second_name = absl::StrCat(folder_, "/", ++file_count_);
  file->names = 1;
  return file;
}

void FaultyDisk::Disk::TakeName(const std::string& path) {
  const auto old = names_.find(path);
  if (old == names_.end()) return;
  File& file = *old->second;
  if (--file.names == 0 && free_bytes_.has_value()) *free_bytes_ += static_cast<int64_t>(file.size);
  names_.erase(old);
}

void FaultyDisk::Disk::Apply(const std::string& folder, Change change) {
  for (const auto& [path, file] : change) {
    TakeName(path);
    if (file != nullptr) names_[path] = file;
  }
  changes_[folder].push_back(std::move(change));
}

class FaultyDisk::Disk::WritableFile : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  WritableFile(Disk& disk, FilePtr file, std::string path, std::unique_ptr<rocksdb::FSWritableFile>&& target)
      : FSWritableFileOwnerWrapper(std::move(target)), disk_(disk), file_(std::move(file)), path_(std::move(path)) {}

  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* debug) override {
    return disk_.WriteTo(*file_, path_, data, std::nullopt, [&](uint64_t /*offset*/, const Slice& part) {
      return target()->Append(part, options, debug);
    });
  }
  IOStatus Append(const Slice& data, const IOOptions& options, const rocksdb::DataVerificationInfo& /*info*/,
                  IODebugContext* debug) override {
    return Append(data, options, debug);
  }
  IOStatus PositionedAppend(const Slice& /*data*/, uint64_t /*offset*/, const IOOptions& /*options*/,
                            IODebugContext* /*debug*/) override {
    return IOStatus::NotSupported("PositionedAppend");
  }
  IOStatus PositionedAppend(const Slice& /*data*/, uint64_t /*offset*/, const IOOptions& /*options*/,
                            const rocksdb::DataVerificationInfo& /*info*/, IODebugContext* /*debug*/) override {
    return IOStatus::NotSupported("PositionedAppend");
  }
  IOStatus Truncate(uint64_t /*size*/, const IOOptions& /*options*/, IODebugContext* /*debug*/) override {
    return IOStatus::NotSupported("Truncate");
  }
  IOStatus Sync(const IOOptions& /*options*/, IODebugContext* /*debug*/) override { return disk_.Sync(*file_, path_); }
  IOStatus Fsync(const IOOptions& /*options*/, IODebugContext* /*debug*/) override { return disk_.Sync(*file_, path_); }
  // It only begins to write.
  IOStatus RangeSync(uint64_t /*offset*/, uint64_t /*size*/, const IOOptions& /*options*/,
                     IODebugContext* /*debug*/) override {
    return IOStatus::OK();
  }
  void PrepareWrite(size_t /*offset*/, size_t /*size*/, const IOOptions& /*options*/,
                    IODebugContext* /*debug*/) override {}
  IOStatus Allocate(uint64_t /*offset*/, uint64_t /*size*/, const IOOptions& /*options*/,
                    IODebugContext* /*debug*/) override {
    return IOStatus::OK();
  }

 private:
  Disk& disk_;
  const FilePtr file_;
  const std::string path_;
};

class FaultyDisk::Disk::RandomRWFile : public rocksdb::FSRandomRWFileOwnerWrapper {
 public:
  RandomRWFile(Disk& disk, FilePtr file, std::string path, std::unique_ptr<rocksdb::FSRandomRWFile>&& target)
      : FSRandomRWFileOwnerWrapper(std::move(target)), disk_(disk), file_(std::move(file)), path_(std::move(path)) {}

  IOStatus Write(uint64_t offset, const Slice& data, const IOOptions& options, IODebugContext* debug) override {
    return disk_.WriteTo(*file_, path_, data, offset,
                         [&](uint64_t at, const Slice& part) { return target()->Write(at, part, options, debug); });
  }
  IOStatus Read(uint64_t offset, size_t size, const IOOptions& options, Slice* result, char* scratch,
                IODebugContext* debug) const override {
    return disk_.Read(path_, [&] { return target()->Read(offset, size, options, result, scratch, debug); });
  }
  IOStatus Sync(const IOOptions& /*options*/, IODebugContext* /*debug*/) override { return disk_.Sync(*file_, path_); }
  IOStatus Fsync(const IOOptions& /*options*/, IODebugContext* /*debug*/) override { return disk_.Sync(*file_, path_); }

 private:
  Disk& disk_;
  const FilePtr file_;
  const std::string path_;
};

class FaultyDisk::Disk::SequentialFile : public rocksdb::FSSequentialFileOwnerWrapper {
 public:
  SequentialFile(Disk& disk, std::string path, std::unique_ptr<rocksdb::FSSequentialFile>&& target)
      : FSSequentialFileOwnerWrapper(std::move(target)), disk_(disk), path_(std::move(path)) {}

  IOStatus Read(size_t size, const IOOptions& options, Slice* result, char* scratch, IODebugContext* debug) override {
    return disk_.Read(path_, [&] { return target()->Read(size, options, result, scratch, debug); });
  }

 private:
  Disk& disk_;
  const std::string path_;
};

class FaultyDisk::Disk::RandomAccessFile : public rocksdb::FSRandomAccessFileOwnerWrapper {
 public:
  RandomAccessFile(Disk& disk, std::string path, std::unique_ptr<rocksdb::FSRandomAccessFile>&& target)
      : FSRandomAccessFileOwnerWrapper(std::move(target)), disk_(disk), path_(std::move(path)) {}

  IOStatus Read(uint64_t offset, size_t size, const IOOptions& options, Slice* result, char* scratch,
                IODebugContext* debug) const override {
    return disk_.Read(path_, [&] { return target()->Read(offset, size, options, result, scratch, debug); });
  }
  IOStatus MultiRead(rocksdb::FSReadRequest* requests, size_t count, const IOOptions& options,
                     IODebugContext* debug) override {
    return disk_.Read(path_, [&] { return target()->MultiRead(requests, count, options, debug); });
  }
  IOStatus Prefetch(uint64_t offset, size_t size, const IOOptions& options, IODebugContext* debug) override {
    return disk_.Read(path_, [&] { return target()->Prefetch(offset, size, options, debug); });
  }
  // Not at once, but before it returns.
  IOStatus ReadAsync(rocksdb::FSReadRequest& request, const IOOptions& options,
                     std::function<void(const rocksdb::FSReadRequest&, void*)> done, void* argument, void** /*handle*/,
                     rocksdb::IOHandleDeleter* /*deleter*/, IODebugContext* debug) override {
    request.status = Read(request.offset, request.len, options, &request.result, request.scratch, debug);
    done(request, argument);
    return IOStatus::OK();
  }

 private:
  Disk& disk_;
  const std::string path_;
};

class FaultyDisk::Disk::Folder : public rocksdb::FSDirectoryWrapper {
 public:
  Folder(Disk& disk, std::string path, std::unique_ptr<rocksdb::FSDirectory>&& target)
      : FSDirectoryWrapper(std::move(target)), disk_(disk), path_(std::move(path)) {}

  IOStatus Fsync(const IOOptions& /*options*/, IODebugContext* /*debug*/) override {
    return disk_.SyncFolder(path_, path_);
  }
  IOStatus FsyncWithDirOptions(const IOOptions& /*options*/, IODebugContext* /*debug*/,
                               const rocksdb::DirFsyncOptions& why) override {
    return disk_.SyncFolder(path_, why.renamed_new_name.empty() ? path_ : why.renamed_new_name);
  }

 private:
  Disk& disk_;
  const std::string path_;
};

IOStatus FaultyDisk::Disk::NewWritableFile(const std::string& name, const FileOptions& options,
                                           std::unique_ptr<rocksdb::FSWritableFile>* result, IODebugContext* debug) {
  const std::string path = Normal(name);
  Lock lock(mutex_);
  auto [passed, effect] = Pass(lock, DiskAction::kWrite, path);
  if (passed.ok() && free_bytes_.has_value() && *free_bytes_ <= 0) {
    NoteFailure(path);
    return StatusOf(DiskError::kNoSpace, path);
  }
  if (!IsDone(effect)) return passed;
  // Another file of that name, so that the old one is still there should the new name be lost.
  if (Find(path) != nullptr) fs::remove(path);
  FilePtr file = MakeFile();
  std::unique_ptr<rocksdb::FSWritableFile> opened;
  FileOptions plain = options;  // What is written is in the file at once.
  plain.use_mmap_writes = false;
  plain.use_direct_writes = false;
  IOStatus status = target()->NewWritableFile(path, plain, &opened, debug);
  if (!status.ok()) return status;
  fs::create_hard_link(path, file->second_name);
  Apply(FolderOf(path), {{path, file}});
  if (passed.ok()) *result = std::make_unique<WritableFile>(*this, file, path, std::move(opened));
  return passed;
}

IOStatus FaultyDisk::Disk::NewRandomRWFile(const std::string& name, const FileOptions& options,
                                           std::unique_ptr<rocksdb::FSRandomRWFile>* result, IODebugContext* debug) {
  const std::string path = Normal(name);
  Lock lock(mutex_);
  auto [passed, effect] = Pass(lock, DiskAction::kWrite, path);
  if (!IsDone(effect)) return passed;
  FilePtr file = Find(path);
  std::unique_ptr<rocksdb::FSRandomRWFile> opened;
  IOStatus status = target()->NewRandomRWFile(path, options, &opened, debug);
  if (!status.ok()) return status;
  if (file == nullptr) {
    file = MakeFile();
    fs::create_hard_link(path, file->second_name);
    Apply(FolderOf(path), {{path, file}});
  }
  if (passed.ok()) *result = std::make_unique<RandomRWFile>(*this, file, path, std::move(opened));
  return passed;
}

IOStatus FaultyDisk::Disk::NewSequentialFile(const std::string& name, const FileOptions& options,
                                             std::unique_ptr<rocksdb::FSSequentialFile>* result,
                                             IODebugContext* debug) {
  IOStatus opened = Read(name, [&] { return target()->NewSequentialFile(name, options, result, debug); });
  if (opened.ok()) *result = std::make_unique<SequentialFile>(*this, Normal(name), std::move(*result));
  return opened;
}

IOStatus FaultyDisk::Disk::NewRandomAccessFile(const std::string& name, const FileOptions& options,
                                               std::unique_ptr<rocksdb::FSRandomAccessFile>* result,
                                               IODebugContext* debug) {
  IOStatus opened = Read(name, [&] { return target()->NewRandomAccessFile(name, options, result, debug); });
  if (opened.ok()) *result = std::make_unique<RandomAccessFile>(*this, Normal(name), std::move(*result));
  return opened;
}

IOStatus FaultyDisk::Disk::NewDirectory(const std::string& name, const IOOptions& options,
                                        std::unique_ptr<rocksdb::FSDirectory>* result, IODebugContext* debug) {
  IOStatus opened = Read(name, [&] { return target()->NewDirectory(name, options, result, debug); });
  if (opened.ok()) *result = std::make_unique<Folder>(*this, Normal(name), std::move(*result));
  return opened;
}

IOStatus FaultyDisk::Disk::DeleteFile(const std::string& name, const IOOptions& options, IODebugContext* debug) {
  const std::string path = Normal(name);
  Lock lock(mutex_);
  auto [passed, effect] = Pass(lock, DiskAction::kWrite, path);
  if (!IsDone(effect)) return passed;
  Find(path);  // What is deleted now may be there again after a power cut.
  IOStatus status = target()->DeleteFile(path, options, debug);
  if (status.ok()) Apply(FolderOf(path), {{path, nullptr}});
  return passed.ok() ? status : passed;
}

IOStatus FaultyDisk::Disk::RenameFile(const std::string& from, const std::string& to, const IOOptions& options,
                                      IODebugContext* debug) {
  const std::string old_path = Normal(from);
  const std::string path = Normal(to);
  MUSTER_CHECK(FolderOf(old_path) == FolderOf(path));  // Two folders would be synced on their own.
  Lock lock(mutex_);
  auto [passed, effect] = Pass(lock, DiskAction::kWrite, path);
  if (!IsDone(effect)) return passed;
  const FilePtr file = Find(old_path);
  Find(path);
  IOStatus status = target()->RenameFile(old_path, path, options, debug);
  if (status.ok()) {
    MUSTER_CHECK(!file->is_folder);  // Its files would have to be renamed too.
    ++file->names;                   // Both for a moment, so that it does not go.
    Apply(FolderOf(path), {{old_path, nullptr}, {path, file}});
  }
  return passed.ok() ? status : passed;
}

IOStatus FaultyDisk::Disk::LinkFile(const std::string& from, const std::string& to, const IOOptions& options,
                                    IODebugContext* debug) {
  const std::string path = Normal(to);
  Lock lock(mutex_);
  auto [passed, effect] = Pass(lock, DiskAction::kWrite, path);
  if (!IsDone(effect)) return passed;
  const FilePtr file = Find(Normal(from));
  IOStatus status = target()->LinkFile(from, path, options, debug);
  if (status.ok()) {
    ++file->names;
    Apply(FolderOf(path), {{path, file}});
  }
  return passed.ok() ? status : passed;
}

IOStatus FaultyDisk::Disk::CreateDir(const std::string& name, const IOOptions& options, IODebugContext* debug) {
  const std::string path = Normal(name);
  Lock lock(mutex_);
  auto [passed, effect] = Pass(lock, DiskAction::kWrite, path);
  if (!IsDone(effect)) return passed;
  IOStatus status = target()->CreateDir(path, options, debug);
  if (status.ok()) {
    const FilePtr folder = MakeFile();
    folder->is_folder = true;
    Apply(FolderOf(path), {{path, folder}});
  }
  return passed.ok() ? status : passed;
}

IOStatus FaultyDisk::Disk::CreateDirIfMissing(const std::string& name, const IOOptions& options,
                                              IODebugContext* debug) {
  return fs::is_directory(name) ? Read(name, [] { return IOStatus::OK(); }) : CreateDir(name, options, debug);
}

void FaultyDisk::Disk::LoseUnsynced(File& file) {
  uint64_t unsynced_bytes = 0;
  for (const Write& write : file.unsynced) unsynced_bytes += write.size;
  uint64_t kept = 0;
  switch (Random(3)) {
    case 0:  // Nothing.
      break;
    case 1:  // All but a part of the last write.
      if (!file.unsynced.empty()) {
        kept = unsynced_bytes - file.unsynced.back().size + Random(file.unsynced.back().size);
      }
      break;
    default:
      kept = Random(unsynced_bytes);
      break;
  }
  std::vector<uint64_t> kept_bytes;
  for (const Write& write : file.unsynced) {
    kept_bytes.push_back(std::min(kept, write.size));
    kept -= kept_bytes.back();
  }
  const auto undo = [&file](const Write& write, uint64_t kept_of_it) {
    const uint64_t size = std::max(write.size_before, write.offset + kept_of_it);
    if (size < file.size) {
      file.size = size;
      fs::resize_file(file.second_name, size);
    }
    if (kept_of_it < write.overwritten.size()) {
      Overwrite(file.second_name, write.offset + kept_of_it, write.overwritten.substr(kept_of_it));
    }
  };
  for (size_t i = file.unsynced.size(); i > 0; --i) {
    if (kept_bytes[i - 1] < file.unsynced[i - 1].size) undo(file.unsynced[i - 1], kept_bytes[i - 1]);
  }

  // Zeroes stand where something later was kept.
  for (size_t i = file.lost.size(); i > 0; --i) {
    const Write& write = file.lost[i - 1];
    if (write.offset + write.size >= file.size) {
      undo(write, 0);
      continue;
    }
    std::string bytes = write.overwritten;
    bytes.resize(write.size, '\0');
    Overwrite(file.second_name, write.offset, bytes);
  }
  file.unsynced.clear();
  file.lost.clear();
}

void FaultyDisk::Disk::Restart() {
  const std::lock_guard lock(mutex_);
  MUSTER_CHECK(held_threads_ == 0);
  // Some of the changes are on disk all the same, the first ones.
  for (auto& [folder, changes] : changes_) {
    const uint64_t kept = Random(1) == 0 ? 0 : Random(changes.size());
    for (uint64_t i = 0; i < kept; ++i) {
      for (const auto& [path, file] : changes[i]) {
        if (file != nullptr) {
          durable_names_[path] = file;
        } else {
          durable_names_.erase(path);
        }
      }
    }
  }
  changes_.clear();
  const std::map<std::string, FilePtr> before = std::exchange(names_, {});
  for (const auto& [path, file] : before) {
    if (!file->is_folder) {
      fs::remove(path);
    } else if (durable_names_.count(path) == 0) {
      fs::remove_all(path);
    }
  }
  std::map<const File*, bool> seen;
  for (const auto& [path, file] : before) file->names = 0;
  for (const auto& [path, file] : durable_names_) file->names = 0;
  for (auto at = durable_names_.begin(); at != durable_names_.end();) {
    const auto& [path, file] = *at;
    // A folder comes before what is in it.
    if (!fs::is_directory(FolderOf(path))) {
      at = durable_names_.erase(at);
      continue;
    }
    if (!file->is_folder) {
      if (!seen[file.get()]) LoseUnsynced(*file);
      seen[file.get()] = true;
      fs::create_hard_link(file->second_name, path);
    }
    ++file->names;
    ++at;
  }
  names_ = durable_names_;
  for (const auto& [path, file] : before) {
    if (!file->is_folder && file->names == 0) fs::remove(file->second_name);
  }

  for (Kind& kind : kinds_) kind = Kind{.count = kind.count};
  first_failure_.clear();
  free_bytes_.reset();
  off_in_ = kNever;
  is_off_ = false;
  lying_ending_.reset();
  lies_of_folders_ = false;
}

FaultyDisk::FaultyDisk(std::string folder, uint32_t seed)
    : disk_(std::make_shared<Disk>(std::move(folder), seed)), environment_(std::make_unique<Environment>(disk_)) {}
FaultyDisk::~FaultyDisk() = default;

rocksdb::Env* FaultyDisk::environment() const { return environment_.get(); }
int64_t FaultyDisk::Count(DiskAction action) const { return disk_->Count(action); }
void FaultyDisk::FailAt(DiskAction action, int64_t nth, DiskError error, bool for_ever) {
  disk_->FailAt(action, nth, error, for_ever);
}
void FaultyDisk::Mend() { disk_->Mend(); }
bool FaultyDisk::HasFailed() const { return !FirstFailure().empty(); }
std::string FaultyDisk::FirstFailure() const { return disk_->FirstFailure(); }
void FaultyDisk::SetFreeBytes(int64_t bytes) { disk_->SetFreeBytes(bytes); }
void FaultyDisk::Hold(DiskAction action) { disk_->Hold(action); }
void FaultyDisk::Release() { disk_->Release(); }
void FaultyDisk::AwaitHeld(int threads) const { disk_->AwaitHeld(threads); }
void FaultyDisk::CutPowerAt(int64_t nth) { disk_->CutPowerAt(nth); }
bool FaultyDisk::IsOff() const { return disk_->IsOff(); }
void FaultyDisk::LieAboutSyncsOf(absl::string_view ending) { disk_->LieAboutSyncsOf(ending); }
void FaultyDisk::LieAboutSyncsOfFolders() { disk_->LieAboutSyncsOfFolders(); }
void FaultyDisk::Restart() { disk_->Restart(); }

}  // namespace muster
