#include "service/totals_pages.h"

#include <algorithm>
#include <string>

#include "service/errors.h"
#include "service/limits.h"

namespace muster {
namespace {

// More than any row takes: six names of at most 64 bytes, a date, and numbers.
constexpr size_t kMaxRowBytes = 700;

}  // namespace

int EndOfPage(const google::protobuf::RepeatedPtrField<v1::TotalsRow>& rows, int begin, int size, size_t other_bytes) {
  const int wanted = std::min(size, rows.size() - begin);
  // Nearly always, and then not a row need be measured.
  if (other_bytes + static_cast<size_t>(wanted) * kMaxRowBytes <= kMaxPageBytes) return begin + wanted;
  int end = begin;
  size_t bytes = other_bytes;
  while (end < begin + wanted) {
    bytes += rows[end].ByteSizeLong() + 8;
    if (end > begin && bytes > kMaxPageBytes) break;
    ++end;
  }
  return end;
}

absl::Status InvalidQuery(const FieldProblems& problems) {
  return InvalidFields("INVALID_QUERY", "The query has invalid fields; see details.", problems);
}

absl::Status InvalidTotalsPageToken(absl::string_view how) {
  return InvalidFields("INVALID_PAGE_TOKEN", "The page token is not of this list.",
                       {{"page_token", "INVALID_PAGE_TOKEN", std::string(how)}});
}

}  // namespace muster
