// Microseconds since the Unix epoch as protobuf timestamps.
#ifndef MUSTER_DOMAIN_TIMESTAMP_H_
#define MUSTER_DOMAIN_TIMESTAMP_H_

#include <cstdint>

#include "google/protobuf/timestamp.pb.h"

namespace muster {

// `time_us` is not before the epoch.
inline google::protobuf::Timestamp TimestampOf(int64_t time_us) {
  google::protobuf::Timestamp timestamp;
  timestamp.set_seconds(time_us / 1'000'000);
  timestamp.set_nanos(static_cast<int32_t>(time_us % 1'000'000) * 1'000);
  return timestamp;
}

}  // namespace muster

#endif  // MUSTER_DOMAIN_TIMESTAMP_H_
