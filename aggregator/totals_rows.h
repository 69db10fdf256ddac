// Rows of totals as they travel: written at once as the bytes of `rows` in a QueryTotalsResponse, because an answer has
// thousands of them and most are only passed on.
#ifndef MUSTER_AGGREGATOR_TOTALS_ROWS_H_
#define MUSTER_AGGREGATOR_TOTALS_ROWS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "muster/v1/totals_service.pb.h"

namespace muster {

// Some rows, serialised.
struct TotalsRows {
  std::string bytes;
  int count = 0;

  // Adds them, as messages, to the rows of `answer`.
  void AppendTo(v1::QueryTotalsResponse* answer) const;
};

// The bytes of one Total. Fields are added in the order of their numbers, each once at most.
class SerialisedTotal {
 public:
  // A field that is left out where it is 0, as proto3 does.
  void Add(int field, int64_t value) {
    if (value != 0) AddPresent(field, value);
  }
  // One that says whether it is there.
  void AddPresent(int field, int64_t value);

  // Empty: no total at all. No total that there is has no bytes: it has a unit.
  absl::string_view bytes() const { return {reinterpret_cast<const char*>(bytes_.data()), size_}; }

 private:
  static constexpr size_t kFields = 10;
  static constexpr size_t kMaxFieldBytes = 11;  // A tag of one byte, and 64 bits by seven.
  std::array<uint8_t, kFields * kMaxFieldBytes> bytes_;
  size_t size_ = 0;
};

// Appends one of the texts that a row is labelled with: a field of TotalsRow.
void AppendLabel(int field, const std::string& text, std::string* labels);

// Not for two threads at once. The rows are complete when it goes.
class TotalsRowWriter {
 public:
  // `rows` must outlive this object, and must not be looked at meanwhile.
  explicit TotalsRowWriter(TotalsRows* rows) : rows_(*rows), stream_(&rows->bytes), out_(&stream_) {}

  // Labels in the order of their fields; `group` are those before the metric.
  void Add(absl::string_view group, absl::string_view metric, const SerialisedTotal& total,
           const SerialisedTotal& baseline);

 private:
  TotalsRows& rows_;
  google::protobuf::io::StringOutputStream stream_;
  google::protobuf::io::CodedOutputStream out_;
};

}  // namespace muster

#endif  // MUSTER_AGGREGATOR_TOTALS_ROWS_H_
