#include "clients/cli/names.h"

#include "clients/cli/session.h"

namespace muster::cli {

absl::StatusOr<Names> FetchNames(Session& session) {
  const absl::StatusOr<v1::GetCatalogueResponse> response = session.client().GetCatalogue({}, session.Deadline());
  if (!response.ok()) return response.status();
  return Names(response->catalogue());
}

}  // namespace muster::cli
