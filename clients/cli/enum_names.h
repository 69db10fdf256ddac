// The last part of the name of an enum value, as people and CSV files say it.
#ifndef MUSTER_CLIENTS_CLI_ENUM_NAMES_H_
#define MUSTER_CLIENTS_CLI_ENUM_NAMES_H_

#include <string>

#include "absl/strings/string_view.h"

namespace muster::cli {

// "OUTCOME_ACCEPTED" with the prefix "OUTCOME_" is "accepted".
std::string ShortEnumName(absl::string_view full_name, absl::string_view prefix);

}  // namespace muster::cli

#endif  // MUSTER_CLIENTS_CLI_ENUM_NAMES_H_
