#include "service/watched_totals.h"

#include <utility>

#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/wire_format_lite.h"
#include "service/limits.h"

namespace muster {
namespace {

constexpr LogPosition kSnapshot = -1;

// Rows are kept serialised, and messages one behind the other are one message: so a row is serialised once, however
// many messages it is in.
class MessageMaker {
 public:
  explicit MessageMaker(bool snapshot) { rest_.set_snapshot(snapshot); }

  void AddRow(const std::string& row) {
    if (bytes_.size() + row.size() > kMaxPageBytes) EndPart();
    AddField(v1::WatchTotalsResponse::kRowsFieldNumber, row);
  }
  // Of the row that was added last; -1 if it is gone.
  void AddPlace(int place) { rest_.add_places(place); }

  // `last` is what the last message says beside rows.
  std::vector<grpc::ByteBuffer> Finish(const v1::WatchTotalsResponse& last, const std::string& coverage) {
    AddField(v1::WatchTotalsResponse::kCoverageFieldNumber, coverage);
    rest_.MergeFrom(last);
    EndPart();
    return std::move(messages_);
  }

 private:
  void AddField(int number, const std::string& message) {
    google::protobuf::io::StringOutputStream stream(&bytes_);
    google::protobuf::io::CodedOutputStream out(&stream);
    google::protobuf::internal::WireFormatLite::WriteBytes(number, message, &out);
  }

  void EndPart() {
    rest_.AppendToString(&bytes_);
    const grpc::Slice slice(bytes_);
    messages_.emplace_back(&slice, 1);
    bytes_.clear();
    rest_.Clear();
  }

  std::string bytes_;             // Of the message that is being made.
  v1::WatchTotalsResponse rest_;  // What goes behind them.
  std::vector<grpc::ByteBuffer> messages_;
};

}  // namespace

bool WatchedTotals::Take(v1::QueryTotalsResponse* answer) {
  absl::flat_hash_map<std::string, const Row*> earlier;
  earlier.reserve(rows_.size());
  for (const Row& row : rows_) earlier.emplace(row.name, &row);

  bool differs = !has_answer_;
  std::vector<Row> rows;
  rows.reserve(static_cast<size_t>(answer->rows_size()));
  for (v1::TotalsRow& from : *answer->mutable_rows()) {
    Row row;
    row.bytes = from.SerializeAsString();
    from.clear_total();
    from.clear_baseline();
    row.name = from.SerializeAsString();
    const auto known = earlier.find(row.name);
    if (known != earlier.end() && known->second->bytes == row.bytes) {
      row.changed_position = known->second->changed_position;
    } else {
      row.changed_position = answer->position();
      differs = true;
    }
    if (known != earlier.end()) earlier.erase(known);
    if (!gone_rows_.empty()) gone_rows_.erase(row.name);
    rows.push_back(std::move(row));
  }
  for (const auto& [name, row] : earlier) {
    gone_rows_[name] = answer->position();
    differs = true;
  }
  if (!has_answer_ || gone_rows_.size() > max_gone_rows_) {
    gone_rows_.clear();
    known_since_ = answer->position();
  }
  std::string coverage = answer->coverage().SerializeAsString();
  differs = differs || coverage != coverage_ || cut_by_period_count_ != answer->cut_by_period_count();

  rows_ = std::move(rows);
  coverage_ = std::move(coverage);
  cut_by_period_count_ = answer->cut_by_period_count();
  has_answer_ = true;
  MoveTo(answer->position(), answer->as_of_time());
  return differs;
}

void WatchedTotals::MoveTo(LogPosition position, const google::protobuf::Timestamp& time) {
  position_ = position;
  time_ = time;
  messages_.clear();
}

const std::vector<grpc::ByteBuffer>& WatchedTotals::MessagesSince(std::optional<LogPosition> since,
                                                                  const std::string& resume_token) {
  const bool is_known = since && known_since_ <= *since && *since <= position_;
  const LogPosition key = is_known ? *since : kSnapshot;
  if (const auto made = messages_.find(key); made != messages_.end()) return made->second;

  MessageMaker maker(!is_known);
  if (is_known) {
    for (const auto& [name, gone_position] : gone_rows_) {
      if (gone_position <= *since) continue;
      maker.AddRow(name);
      maker.AddPlace(-1);
    }
  }
  for (size_t place = 0; place < rows_.size(); ++place) {
    if (is_known && rows_[place].changed_position <= *since) continue;
    maker.AddRow(rows_[place].bytes);
    if (is_known) maker.AddPlace(static_cast<int>(place));
  }
  v1::WatchTotalsResponse last;
  last.set_position(position_);
  *last.mutable_as_of_time() = time_;
  last.set_resume_token(resume_token);
  last.set_cut_by_period_count(cut_by_period_count_);
  return messages_.emplace(key, maker.Finish(last, coverage_)).first->second;
}

}  // namespace muster
