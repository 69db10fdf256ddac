#include "aggregator/totals_rows.h"

#include "domain/check.h"
#include "google/protobuf/wire_format_lite.h"

namespace muster {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedOutputStream;

// Of fields with numbers below 16, whose tag is one byte.
constexpr uint8_t NumberTag(int field) {
  return static_cast<uint8_t>(WireFormatLite::MakeTag(field, WireFormatLite::WIRETYPE_VARINT));
}
constexpr uint8_t BytesTag(int field) {
  return static_cast<uint8_t>(WireFormatLite::MakeTag(field, WireFormatLite::WIRETYPE_LENGTH_DELIMITED));
}
static_assert(v1::Total::kNotBrokenDownFieldNumber < 16 && v1::TotalsRow::kBaselineFieldNumber < 16);

constexpr size_t kMaxOneByteLength = 127;

// Of a total: its tag, its length and its bytes.
size_t SizeInRow(absl::string_view total) { return total.empty() ? 0 : 2 + total.size(); }

void WriteTotal(int field, absl::string_view total, CodedOutputStream* out) {
  if (total.empty()) return;
  const std::array<uint8_t, 2> head = {BytesTag(field), static_cast<uint8_t>(total.size())};
  out->WriteRaw(head.data(), head.size());
  out->WriteRaw(total.data(), static_cast<int>(total.size()));
}

}  // namespace

void TotalsRows::AppendTo(v1::QueryTotalsResponse* answer) const {
  answer->mutable_rows()->Reserve(answer->rows_size() + count);
  MUSTER_CHECK(answer->MergeFromString(bytes));
}

void SerialisedTotal::AddPresent(int field, int64_t value) {
  static_assert(kFields * kMaxFieldBytes <= kMaxOneByteLength);
  uint8_t* const begin = bytes_.data() + size_;
  begin[0] = NumberTag(field);
  size_ = static_cast<size_t>(CodedOutputStream::WriteVarint64ToArray(static_cast<uint64_t>(value), begin + 1) -
                              bytes_.data());
}

void AppendLabel(int field, const std::string& text, std::string* labels) {
  google::protobuf::io::StringOutputStream stream(labels);
  CodedOutputStream out(&stream);
  WireFormatLite::WriteString(field, text, &out);
}

void TotalsRowWriter::Add(absl::string_view group, absl::string_view metric, const SerialisedTotal& total,
                          const SerialisedTotal& baseline) {
  ++rows_.count;
  out_.WriteTag(BytesTag(v1::QueryTotalsResponse::kRowsFieldNumber));
  out_.WriteVarint32(
      static_cast<uint32_t>(group.size() + metric.size() + SizeInRow(total.bytes()) + SizeInRow(baseline.bytes())));
  out_.WriteRaw(group.data(), static_cast<int>(group.size()));
  out_.WriteRaw(metric.data(), static_cast<int>(metric.size()));
  WriteTotal(v1::TotalsRow::kTotalFieldNumber, total.bytes(), &out_);
  WriteTotal(v1::TotalsRow::kBaselineFieldNumber, baseline.bytes(), &out_);
}

}  // namespace muster
