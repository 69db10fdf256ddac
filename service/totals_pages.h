// What the pages of totals have in common, whatever moment they are of.
#ifndef MUSTER_SERVICE_TOTALS_PAGES_H_
#define MUSTER_SERVICE_TOTALS_PAGES_H_

#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "domain/field_problem.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "muster/v1/totals_service.pb.h"

namespace muster {

// Where the page that begins at `begin` ends, and has `size` rows at most: it ends early where it would no longer fit a
// message, of which `other_bytes` are taken.
int EndOfPage(const google::protobuf::RepeatedPtrField<v1::TotalsRow>& rows, int begin, int size, size_t other_bytes);

// INVALID_ARGUMENT, INVALID_QUERY: the query has these problems.
absl::Status InvalidQuery(const FieldProblems& problems);

// INVALID_ARGUMENT, INVALID_PAGE_TOKEN: the token "must be …".
absl::Status InvalidTotalsPageToken(absl::string_view how);

}  // namespace muster

#endif  // MUSTER_SERVICE_TOTALS_PAGES_H_
