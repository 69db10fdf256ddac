// The file that says how far the log went, as somebody else may have left it: what is found in it is what a whole slot
// of this store says, and a mark that is written then is found. The first byte says which slots get the identity and
// the checksum that they should have.
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "domain/check.h"
#include "rocksdb/env.h"
#include "storage/position_mark.h"

namespace muster::fuzz {
namespace {

constexpr char kFolder[] = "/store";
constexpr std::array<uint8_t, 16> kIdentity = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
constexpr size_t kPositionOffset = 24;
constexpr size_t kSlotBytes = 40;

std::string MarkPath() { return std::string(kFolder) + "/" + std::string(kPositionMarkFile); }

rocksdb::Env& MemoryEnv() {
  static rocksdb::Env* const env = [] {
    rocksdb::Env* const made = rocksdb::NewMemEnv(rocksdb::Env::Default());  // Lives as long as the program.
    MUSTER_CHECK(made->CreateDirIfMissing(kFolder).ok());
    return made;
  }();
  return *env;
}

std::unique_ptr<PositionMark> OpenMark() {
  absl::StatusOr<std::unique_ptr<PositionMark>> mark = PositionMark::Open(&MemoryEnv(), kFolder, kIdentity);
  MUSTER_CHECK(mark.ok());
  return *std::move(mark);
}

LogPosition PositionIn(absl::string_view bytes) {
  uint64_t position = 0;
  for (const char byte : bytes.substr(0, 8)) position = position << 8 | static_cast<uint8_t>(byte);
  return static_cast<LogPosition>(position);
}

// A slot as this program writes it.
std::string WholeSlot(LogPosition position) {
  MUSTER_CHECK(rocksdb::WriteStringToFile(&MemoryEnv(), "", MarkPath()).ok());
  MUSTER_CHECK(OpenMark()->Write(position).ok());
  std::string file;
  MUSTER_CHECK(rocksdb::ReadFileToString(&MemoryEnv(), MarkPath(), &file).ok());
  MUSTER_CHECK(file.size() >= kSlotBytes);
  return file.substr(0, kSlotBytes);
}

}  // namespace
}  // namespace muster::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace muster;        // NOLINT(google-build-using-namespace)
  using namespace muster::fuzz;  // NOLINT(google-build-using-namespace)
  if (size == 0) return -1;
  const absl::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::string file;
  LogPosition newest = 0;
  for (size_t slot = 0; slot < 2 && slot * kSlotBytes < input.size(); ++slot) {
    std::string bytes(input.substr(slot * kSlotBytes, kSlotBytes));
    file.resize(slot * PositionMark::kSlotDistance);
    if (bytes.size() == kSlotBytes) {
      const LogPosition position = PositionIn(absl::string_view(bytes).substr(kPositionOffset));
      std::string whole = WholeSlot(position);
      if ((data[0] & 1U << slot) != 0) bytes = whole;
      if (bytes == whole && position > newest) newest = position;
    }
    file += bytes;
  }
  MUSTER_CHECK(rocksdb::WriteStringToFile(&MemoryEnv(), file, MarkPath()).ok());
  {
    const std::unique_ptr<PositionMark> mark = OpenMark();
    MUSTER_CHECK(mark->found() == newest);
    if (newest == std::numeric_limits<LogPosition>::max()) return 0;
    MUSTER_CHECK(mark->Write(newest + 1).ok());
  }
  MUSTER_CHECK(OpenMark()->found() == newest + 1);
  return 0;
}
