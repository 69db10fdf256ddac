// Requests that hold results, read from bytes.
#ifndef MUSTER_SERVICE_RESULTS_REQUEST_H_
#define MUSTER_SERVICE_RESULTS_REQUEST_H_

#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/wire_format_lite.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/slice.h"

namespace muster {

// Reads requests one after the other, and finds where in the bytes of each its results stand, so that they need not be
// serialised again for the log. For one thread at a time.
class ResultsRequestReader {
 public:
  // Whether `bytes`, which are used up, are such a message: one with a repeated field `results`.
  template <typename Message>
  bool Read(grpc::ByteBuffer* bytes, Message* message) {
    results_.clear();
    const bool has_bytes = bytes->TrySingleSlice(&slice_).ok() || bytes->DumpToSingleSlice(&slice_).ok();
    bytes->Clear();
    if (!has_bytes || !message->ParseFromArray(slice_.begin(), static_cast<int>(slice_.size()))) return false;
    return FindResults(Message::kResultsFieldNumber) && static_cast<int>(results_.size()) == message->results_size();
  }

  // The serialised results of the request that was read last, in order; valid until the next is read or Clear.
  absl::Span<const absl::string_view> results() const { return results_; }

  // Lets go of the request.
  void Clear() {
    results_.clear();
    slice_ = grpc::Slice();
  }

 private:
  bool FindResults(int field_number) {
    using google::protobuf::internal::WireFormatLite;
    const uint32_t results_tag = WireFormatLite::MakeTag(field_number, WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
    google::protobuf::io::CodedInputStream input(slice_.begin(), static_cast<int>(slice_.size()));
    while (const uint32_t tag = input.ReadTag()) {
      if (tag != results_tag) {
        if (!WireFormatLite::SkipField(&input, tag)) return false;
        continue;
      }
      uint32_t size = 0;
      if (!input.ReadVarint32(&size)) return false;
      const char* const begin = reinterpret_cast<const char*>(slice_.begin()) + input.CurrentPosition();
      if (!input.Skip(static_cast<int>(size))) return false;
      results_.emplace_back(begin, size);
    }
    return true;
  }

  grpc::Slice slice_;
  std::vector<absl::string_view> results_;
};

}  // namespace muster

#endif  // MUSTER_SERVICE_RESULTS_REQUEST_H_
