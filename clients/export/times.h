// Times for people, in Europe/London, and for programs, in UTC.
#ifndef MUSTER_CLIENTS_EXPORT_TIMES_H_
#define MUSTER_CLIENTS_EXPORT_TIMES_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "google/protobuf/timestamp.pb.h"

namespace muster::exports {

// "15 Oct 2021 14:02 BST"; in UTC where the system does not know the zone.
std::string TimeForPeople(const google::protobuf::Timestamp& time);

// "2021-10-15T13:02:11.5Z".
std::string TimeForPrograms(const google::protobuf::Timestamp& time);

// Reads "2021-10-15T17:00" (Europe/London), "2021-10-15T16:00:00Z" or "2021-10-15T17:00:00+01:00"; a day alone means
// its end, so that what is due on a day is in time all that day. nullopt for anything else.
std::optional<google::protobuf::Timestamp> ParseTime(absl::string_view text);

}  // namespace muster::exports

#endif  // MUSTER_CLIENTS_EXPORT_TIMES_H_
