#include "storage/position_mark.h"

#include <xxhash.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "rocksdb/env.h"
#include "storage/big_endian.h"
#include "storage/status.h"

namespace muster {
namespace {

constexpr absl::string_view kMagic = "position";
constexpr size_t kIdentityOffset = 8;
constexpr size_t kPositionOffset = 24;
constexpr size_t kChecksumOffset = 32;
constexpr size_t kSlotBytes = 40;
constexpr size_t kSlots = 2;

using Slot = std::array<char, kSlotBytes>;

Slot EncodeSlot(const std::array<uint8_t, 16>& identity, LogPosition position) {
  Slot bytes;
  std::copy(kMagic.begin(), kMagic.end(), bytes.begin());
  std::copy(identity.begin(), identity.end(), bytes.begin() + kIdentityOffset);
  StoreBigEndian(static_cast<uint64_t>(position), bytes.data() + kPositionOffset);
  StoreBigEndian(static_cast<uint64_t>(XXH3_64bits(bytes.data(), kChecksumOffset)), bytes.data() + kChecksumOffset);
  return bytes;
}

// The position of a slot of this store; nullopt if it is none.
std::optional<LogPosition> DecodeSlot(absl::string_view bytes, const std::array<uint8_t, 16>& identity) {
  if (bytes.size() != kSlotBytes) return std::nullopt;
  const auto position = static_cast<LogPosition>(LoadBigEndian<uint64_t>(bytes.data() + kPositionOffset));
  const Slot wanted = EncodeSlot(identity, position);
  if (bytes != absl::string_view(wanted.data(), wanted.size())) return std::nullopt;
  return position;
}

}  // namespace

PositionMark::PositionMark(std::string path, const std::array<uint8_t, 16>& identity,
                           std::unique_ptr<rocksdb::RandomRWFile> file)
    : path_(std::move(path)), identity_(identity), file_(std::move(file)) {}

PositionMark::~PositionMark() = default;

absl::StatusOr<std::unique_ptr<PositionMark>> PositionMark::Open(rocksdb::Env* env, const std::string& directory,
                                                                 const std::array<uint8_t, 16>& identity) {
  const std::string path = absl::StrCat(directory, "/", kPositionMarkFile);
  const std::string doing = absl::StrCat("open '", path, "'");
  const rocksdb::EnvOptions options;
  if (env->FileExists(path).IsNotFound()) {
    std::unique_ptr<rocksdb::WritableFile> made;
    std::unique_ptr<rocksdb::Directory> folder;
    rocksdb::Status status = env->NewWritableFile(path, &made, options);
    if (status.ok()) status = made->Close();
    if (status.ok()) status = env->NewDirectory(directory, &folder);
    if (status.ok()) status = folder->Fsync();
    if (!status.ok()) return FromRocksDb(status, doing);
  }
  std::unique_ptr<rocksdb::RandomRWFile> file;
  if (const rocksdb::Status opened = env->NewRandomRWFile(path, &file, options); !opened.ok()) {
    return FromRocksDb(opened, doing);
  }
  std::unique_ptr<PositionMark> mark(new PositionMark(path, identity, std::move(file)));
  for (size_t slot = 0; slot < kSlots; ++slot) {
    Slot space;
    rocksdb::Slice bytes;
    const rocksdb::Status read = mark->file_->Read(slot * kSlotDistance, space.size(), &bytes, space.data());
    if (!read.ok()) return FromRocksDb(read, absl::StrCat("read '", path, "'"));
    const std::optional<LogPosition> position = DecodeSlot(absl::string_view(bytes.data(), bytes.size()), identity);
    if (position && *position >= mark->found_) {
      mark->found_ = *position;
      mark->next_slot_ = (slot + 1) % kSlots;
    }
  }
  return mark;
}

absl::Status PositionMark::Write(LogPosition position) {
  const Slot bytes = EncodeSlot(identity_, position);
  const rocksdb::Status written = file_->Write(next_slot_ * kSlotDistance, rocksdb::Slice(bytes.data(), bytes.size()));
  next_slot_ = (next_slot_ + 1) % kSlots;
  return FromRocksDb(written, absl::StrCat("write '", path_, "'"));
}

absl::Status PositionMark::Sync() { return FromRocksDb(file_->Sync(), absl::StrCat("sync '", path_, "'")); }

}  // namespace muster
