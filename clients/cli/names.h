// Names for people, from the server's catalogue.
#ifndef MUSTER_CLIENTS_CLI_NAMES_H_
#define MUSTER_CLIENTS_CLI_NAMES_H_

#include "absl/status/statusor.h"
#include "clients/export/names.h"

namespace muster::cli {

class Session;

using exports::Names;

// Asks the server.
absl::StatusOr<Names> FetchNames(Session& session);

}  // namespace muster::cli

#endif  // MUSTER_CLIENTS_CLI_NAMES_H_
