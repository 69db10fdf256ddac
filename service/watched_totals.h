// The answers to one question from moment to moment, and the messages that bring a reader of an earlier one up to date.
#ifndef MUSTER_SERVICE_WATCHED_TOTALS_H_
#define MUSTER_SERVICE_WATCHED_TOTALS_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "google/protobuf/timestamp.pb.h"
#include "grpcpp/support/byte_buffer.h"
#include "muster/v1/totals_service.pb.h"
#include "storage/store.h"

namespace muster {

// Keeps the newest answer and, of each of its rows, since which position it is as it is: so what any reader lacks is
// found without keeping earlier answers. Rows that went are remembered by name, as long as they are not too many.
//
// Invariant: whoever has the rows of position P, and applies what MessagesSince(P) says, has those of the newest
// answer.
//
// Not safe for use from several threads.
class WatchedTotals {
 public:
  // `max_gone_rows`: how many rows that went are remembered; then readers of before get all rows.
  explicit WatchedTotals(size_t max_gone_rows) : max_gone_rows_(max_gone_rows) {}

  // Takes up an answer, whole and on one page, of a position not before position(). Returns whether it differs from the
  // one before in anything but its position and time; the first one does. Takes the totals out of `answer`.
  bool Take(v1::QueryTotalsResponse* answer);

  // The newest answer is still the right one at this moment, which is not before position().
  void MoveTo(LogPosition position, const google::protobuf::Timestamp& time);

  // Of the newest answer; 0 before the first.
  LogPosition position() const { return position_; }
  size_t row_count() const { return rows_.size(); }

  // The messages that bring a reader from `since` to now, WatchTotalsResponse each, the last with `resume_token`. A
  // snapshot without `since`, and if it is not known what has changed since then. They are made once and then kept,
  // until there is a newer answer or moment.
  const std::vector<grpc::ByteBuffer>& MessagesSince(std::optional<LogPosition> since, const std::string& resume_token);

 private:
  struct Row {
    std::string name;   // Serialised, without totals: the same for the same row.
    std::string bytes;  // Serialised.
    LogPosition changed_position = 0;
  };

  size_t max_gone_rows_;
  LogPosition known_since_ = 0;  // From where on it is known what changed.
  LogPosition position_ = 0;
  google::protobuf::Timestamp time_;
  std::vector<Row> rows_;                                    // In the order of answers.
  absl::flat_hash_map<std::string, LogPosition> gone_rows_;  // By name: at which position they were gone.
  std::string coverage_;                                     // Serialised.
  int64_t cut_by_period_count_ = 0;
  bool has_answer_ = false;

  std::map<LogPosition, std::vector<grpc::ByteBuffer>> messages_;  // By `since`; -1 for a snapshot.
};

}  // namespace muster

#endif  // MUSTER_SERVICE_WATCHED_TOTALS_H_
