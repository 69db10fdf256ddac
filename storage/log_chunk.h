// Chunks of the log: the bytes of a store.v1.LogChunk, written from encoded entries and read entry by entry without
// making the message. Any parser of that message reads them too.
#ifndef MUSTER_STORAGE_LOG_CHUNK_H_
#define MUSTER_STORAGE_LOG_CHUNK_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "muster/store/v1/log.pb.h"
#include "storage/store.h"

namespace muster {

// Most entries of a chunk.
inline constexpr size_t kMaxChunkEntries = 64;

// A chunk of several entries is at most this long, so that one entry reads cheaply. An entry that is longer on its own
// is a chunk on its own.
inline constexpr size_t kMaxChunkBytes = 16 * 1024;

// Appends what is known of a result before it is decided, as the head of a GroupEntry: the result and its digest.
// `serialised`, if not empty, are bytes that `result` was parsed from; they are taken as they are unless they are
// longer than need be.
void AppendResultHead(const muster::v1::OperationResult& result, absl::string_view serialised,
                      absl::Span<const uint8_t> digest, std::string& bytes);

// Writes chunks, one after the other, into memory that it keeps: the longest chunk that it ever wrote.
// For one thread at a time.
class LogChunkWriter {
 public:
  // Writes the chunk that begins with the first of `entries`, of which there must be one, and returns how many it took.
  size_t Write(int64_t accept_time_us, absl::Span<const GroupEntry> entries);

  // The chunk that was written last; valid until the next Write.
  absl::string_view bytes() const { return absl::string_view(buffer_.get(), size_); }

 private:
  std::unique_ptr<char[]> buffer_;
  size_t capacity_ = 0;
  size_t size_ = 0;
};

// The entries of a chunk, still as bytes.
class LogChunkView {
 public:
  // Takes `bytes`, which must stay while this view is used. DATA_LOSS if they are no chunk of 1 to kMaxChunkEntries
  // entries; the entries themselves are not looked into.
  absl::Status Reset(absl::string_view bytes);

  int64_t accept_time_us() const { return accept_time_us_; }
  // At most kMaxChunkEntries.
  size_t size() const { return size_; }
  absl::string_view entry(size_t index) const { return entries_[index]; }

 private:
  int64_t accept_time_us_ = 0;
  size_t size_ = 0;
  std::array<absl::string_view, kMaxChunkEntries> entries_;
};

// Reads one entry into `entry`, whose memory it uses again: after a result, another result of its size costs no
// allocation. DATA_LOSS if `bytes` are not a result or an operation; `entry` is then unspecified.
absl::Status ReadLogEntry(absl::string_view bytes, store::v1::LogEntry& entry);

}  // namespace muster

#endif  // MUSTER_STORAGE_LOG_CHUNK_H_
