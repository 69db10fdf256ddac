// Microseconds since the Unix epoch as protobuf timestamps.
#ifndef MUSTER_DOMAIN_TIMESTAMP_H_
#define MUSTER_DOMAIN_TIMESTAMP_H_

#include <cstdint>

#include "google/protobuf/timestamp.pb.h"

namespace muster {

inline google::protobuf::Timestamp TimestampOf(int64_t time_us) {
  constexpr int64_t kMicros = 1'000'000;
  // Nanoseconds count forward from the second, also before the epoch.
  const int64_t rest = time_us % kMicros;
  google::protobuf::Timestamp timestamp;
  timestamp.set_seconds(time_us / kMicros - (rest < 0 ? 1 : 0));
  timestamp.set_nanos(static_cast<int32_t>(rest < 0 ? rest + kMicros : rest) * 1'000);
  return timestamp;
}

}  // namespace muster

#endif  // MUSTER_DOMAIN_TIMESTAMP_H_
