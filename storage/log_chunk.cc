#include "storage/log_chunk.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "domain/check.h"
#include "google/protobuf/io/coded_stream.h"

namespace muster {
namespace {

using google::protobuf::io::CodedOutputStream;
using store::v1::LogChunk;
using store::v1::LogEntry;

// Wire types of protocol buffers.
constexpr uint32_t kVarint = 0;
constexpr uint32_t kLengthDelimited = 2;

// All field numbers here are below 16, so a tag is one byte.
constexpr uint8_t Tag(int field_number, uint32_t wire_type) {
  return static_cast<uint8_t>(static_cast<uint32_t>(field_number) << 3 | wire_type);
}
constexpr uint8_t kAcceptTimeTag = Tag(LogChunk::kAcceptTimeUsFieldNumber, kVarint);
constexpr uint8_t kEntriesTag = Tag(LogChunk::kEntriesFieldNumber, kLengthDelimited);
constexpr uint8_t kResultTag = Tag(LogEntry::kResultFieldNumber, kLengthDelimited);
constexpr uint8_t kOperationTag = Tag(LogEntry::kOperationFieldNumber, kLengthDelimited);
constexpr uint8_t kLoggedResultTag = Tag(store::v1::LoggedResult::kResultFieldNumber, kLengthDelimited);
constexpr uint8_t kLoggedDigestTag = Tag(store::v1::LoggedResult::kDigestFieldNumber, kLengthDelimited);
constexpr size_t kTagBytes = 1;
constexpr int kMaxVarintBytes = 10;

absl::Status BadChunk(absl::string_view problem) {
  return absl::DataLossError(absl::StrCat("this is no chunk of the log: ", problem));
}

// Takes a varint from the front of `bytes`; nullopt if none is there.
std::optional<uint64_t> TakeVarint(absl::string_view& bytes) {
  uint64_t value = 0;
  for (int i = 0; i < kMaxVarintBytes && static_cast<size_t>(i) < bytes.size(); ++i) {
    const auto byte = static_cast<unsigned char>(bytes[static_cast<size_t>(i)]);
    value |= static_cast<uint64_t>(byte & 0x7f) << (7 * i);
    if (byte < 0x80) {
      bytes.remove_prefix(static_cast<size_t>(i) + 1);
      return value;
    }
  }
  return std::nullopt;
}

// Takes a length and as many bytes from the front of `bytes`; nullopt if they are not there.
std::optional<absl::string_view> TakeLengthDelimited(absl::string_view& bytes) {
  const std::optional<uint64_t> length = TakeVarint(bytes);
  if (!length.has_value() || *length > bytes.size()) return std::nullopt;
  const absl::string_view taken = bytes.substr(0, static_cast<size_t>(*length));
  bytes.remove_prefix(taken.size());
  return taken;
}

bool StartsWithTag(absl::string_view bytes, uint8_t tag) {
  return !bytes.empty() && static_cast<unsigned char>(bytes.front()) == tag;
}

// A length-delimited field with its tag, of which the message has `bytes`.
size_t FramedBytes(size_t bytes) {
  MUSTER_CHECK(bytes <= static_cast<size_t>(std::numeric_limits<int32_t>::max()));
  return kTagBytes + CodedOutputStream::VarintSize32(static_cast<uint32_t>(bytes)) + bytes;
}
uint8_t* BeginFrame(uint8_t tag, size_t bytes, uint8_t* end) {
  *end++ = tag;
  return CodedOutputStream::WriteVarint32ToArray(static_cast<uint32_t>(bytes), end);
}

// Empties `entry` but keeps the memory of its result. Clear() alone would free the sub-messages of a message.
void ClearResult(LogEntry& entry) {
  store::v1::LoggedResult& logged = *entry.mutable_result();
  muster::v1::OperationResult* result = logged.release_result();
  logged.Clear();
  if (result == nullptr) return;
  result->Clear();
  logged.set_allocated_result(result);
}

}  // namespace

void AppendResultHead(const muster::v1::OperationResult& result, absl::string_view serialised,
                      absl::Span<const uint8_t> digest, std::string& bytes) {
  // ByteSizeLong leaves the size of every sub-message in it, which serialising then uses.
  const size_t result_bytes = result.ByteSizeLong();
  const size_t begin = bytes.size();
  const size_t head_bytes = FramedBytes(result_bytes) + FramedBytes(digest.size());
  bytes.resize(begin + head_bytes);
  auto* const first = reinterpret_cast<uint8_t*>(bytes.data() + begin);
  uint8_t* end = BeginFrame(kLoggedResultTag, result_bytes, first);
  end = serialised.size() == result_bytes ? std::copy(serialised.begin(), serialised.end(), end)
                                          : result.SerializeWithCachedSizesToArray(end);
  end = BeginFrame(kLoggedDigestTag, digest.size(), end);
  end = std::copy(digest.begin(), digest.end(), end);
  MUSTER_CHECK(static_cast<size_t>(end - first) == head_bytes);
}

size_t LogChunkWriter::Write(int64_t accept_time_us, absl::Span<const GroupEntry> entries) {
  MUSTER_CHECK(!entries.empty());

  size_t bytes = kTagBytes + CodedOutputStream::VarintSize64(static_cast<uint64_t>(accept_time_us));
  size_t count = 0;
  for (; count < entries.size() && count < kMaxChunkEntries; ++count) {
    const size_t framed_bytes = FramedBytes(FramedBytes(entries[count].head.size() + entries[count].tail.size()));
    if (count > 0 && bytes + framed_bytes > kMaxChunkBytes) break;
    bytes += framed_bytes;
  }

  if (capacity_ < bytes) {
    capacity_ = std::max(bytes, kMaxChunkBytes);
    buffer_ = std::make_unique_for_overwrite<char[]>(capacity_);
  }
  auto* const begin = reinterpret_cast<uint8_t*>(buffer_.get());
  uint8_t* end = begin;
  *end++ = kAcceptTimeTag;
  end = CodedOutputStream::WriteVarint64ToArray(static_cast<uint64_t>(accept_time_us), end);
  for (const GroupEntry& entry : entries.subspan(0, count)) {
    const size_t message_bytes = entry.head.size() + entry.tail.size();
    end = BeginFrame(kEntriesTag, FramedBytes(message_bytes), end);
    end = BeginFrame(entry.IsResult() ? kResultTag : kOperationTag, message_bytes, end);
    end = std::copy(entry.head.begin(), entry.head.end(), end);
    end = std::copy(entry.tail.begin(), entry.tail.end(), end);
  }
  size_ = static_cast<size_t>(end - begin);
  MUSTER_CHECK(size_ == bytes);
  return count;
}

absl::Status LogChunkView::Reset(absl::string_view bytes) {
  size_ = 0;
  if (!StartsWithTag(bytes, kAcceptTimeTag)) return BadChunk("it does not begin with an accept time");
  bytes.remove_prefix(kTagBytes);
  const std::optional<uint64_t> accept_time_us = TakeVarint(bytes);
  if (!accept_time_us.has_value()) return BadChunk("its accept time is cut off");
  accept_time_us_ = static_cast<int64_t>(*accept_time_us);

  while (!bytes.empty()) {
    if (!StartsWithTag(bytes, kEntriesTag)) return BadChunk(absl::StrCat("entry ", size_, " has an unknown tag"));
    if (size_ == kMaxChunkEntries) return BadChunk(absl::StrCat("it has more than ", kMaxChunkEntries, " entries"));
    bytes.remove_prefix(kTagBytes);
    const std::optional<absl::string_view> entry = TakeLengthDelimited(bytes);
    if (!entry.has_value()) return BadChunk(absl::StrCat("entry ", size_, " is cut off"));
    entries_[size_++] = *entry;
  }
  if (size_ == 0) return BadChunk("it has no entries");
  return absl::OkStatus();
}

absl::Status ReadLogEntry(absl::string_view bytes, LogEntry& entry) {
  const bool is_result = StartsWithTag(bytes, kResultTag);
  if (!is_result && !StartsWithTag(bytes, kOperationTag)) {
    return absl::DataLossError("an entry of the log is neither a result nor an operation");
  }
  bytes.remove_prefix(kTagBytes);
  const std::optional<absl::string_view> message = TakeLengthDelimited(bytes);
  if (!message.has_value() || !bytes.empty()) return absl::DataLossError("an entry of the log has a wrong length");

  // Merging into what is empty is parsing. MergeFromString is the one way in that clears nothing first; it takes a
  // std::string, so the bytes are copied into one that stays.
  thread_local std::string copy;
  copy.assign(message->data(), message->size());
  if (is_result) {
    ClearResult(entry);
    if (!entry.mutable_result()->MergeFromString(copy)) {
      return absl::DataLossError("a result in the log cannot be parsed");
    }
    // ClearResult leaves an empty result, so whether one was read shows in what every result has.
    if (entry.result().result().result_id().empty()) {
      return absl::DataLossError("a result in the log has no result_id");
    }
  } else {
    entry.mutable_operation()->Clear();
    if (!entry.mutable_operation()->MergeFromString(copy)) {
      return absl::DataLossError("an operation in the log cannot be parsed");
    }
  }
  return absl::OkStatus();
}

}  // namespace muster
