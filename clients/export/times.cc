#include "clients/export/times.h"

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "domain/civil_day.h"
#include "google/protobuf/util/time_util.h"

namespace muster::exports {
namespace {

absl::TimeZone London() {
  absl::TimeZone zone;
  return absl::LoadTimeZone("Europe/London", &zone) ? zone : absl::UTCTimeZone();
}

absl::Time ToTime(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

google::protobuf::Timestamp ToTimestamp(absl::Time time) {
  google::protobuf::Timestamp timestamp;
  const int64_t seconds = absl::ToUnixSeconds(time);
  timestamp.set_seconds(seconds);
  timestamp.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(seconds))));
  return timestamp;
}

}  // namespace

std::string TimeForPeople(const google::protobuf::Timestamp& time) {
  return absl::FormatTime("%-d %b %Y %H:%M %Z", ToTime(time), London());
}

std::string TimeForPrograms(const google::protobuf::Timestamp& time) {
  return google::protobuf::util::TimeUtil::ToString(time);
}

std::optional<google::protobuf::Timestamp> ParseTime(absl::string_view text) {
  if (const std::optional<absl::CivilDay> day = ParseCivilDay(text); day.has_value()) {
    return ToTimestamp(absl::FromCivil(*day + 1, London()) - absl::Seconds(1));
  }
  absl::Time time;
  std::string fault;
  if (absl::ParseTime("%Y-%m-%dT%H:%M:%E*S%Ez", text, &time, &fault) ||
      absl::ParseTime("%Y-%m-%dT%H:%M%Ez", text, &time, &fault) ||
      absl::ParseTime("%Y-%m-%dT%H:%M:%S", text, London(), &time, &fault) ||
      absl::ParseTime("%Y-%m-%dT%H:%M", text, London(), &time, &fault)) {
    // Abseil reads "infinite-future" too, whatever the form.
    if (time != absl::InfiniteFuture() && time != absl::InfinitePast()) return ToTimestamp(time);
  }
  return std::nullopt;
}

}  // namespace muster::exports
