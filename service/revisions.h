// The history of one result, read from the log.
#ifndef MUSTER_SERVICE_REVISIONS_H_
#define MUSTER_SERVICE_REVISIONS_H_

#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "muster/v1/ingest_service.pb.h"
#include "storage/store.h"

namespace muster {

// Which revisions of a result are wanted: at most `size`, those above position `after`.
struct RevisionsPage {
  LogPosition after = 0;
  int size = 0;
  std::string scope;  // Of its tokens.
};

// Reads one page, the oldest first. Follows the log from the newest revision back, so a page costs one read of the disk
// for every revision above `after`, and memory for those of the page alone. Gives up when nobody wants it any more.
//
// NOT_FOUND  RESULT_NOT_FOUND: no revision is stored
// CANCELLED  `is_wanted` said no
// DATA_LOSS  a revision is not where the one after it says
absl::Status ReadRevisions(const Store& store, const ResultKey& key, const RevisionsPage& page,
                           absl::FunctionRef<bool()> is_wanted, v1::ListRevisionsResponse* response);

// NOT_FOUND, RESULT_NOT_FOUND.
absl::Status ResultNotFound();

}  // namespace muster

#endif  // MUSTER_SERVICE_REVISIONS_H_
