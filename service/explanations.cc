#include "service/explanations.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "domain/timestamp.h"
#include "service/limits.h"
#include "service/page_tokens.h"
#include "service/receipts.h"

namespace muster {

std::string KeyOfPage(const ExplanationPage& page) {
  return absl::StrCat(page.position, "/", page.as_of_time_us, "/", page.after);
}

bool ReadKeyOfPage(const std::string& key, ExplanationPage* page) {
  const std::vector<std::string> parts = absl::StrSplit(key, '/');
  return parts.size() == 3 && absl::SimpleAtoi(parts[0], &page->position) &&
         absl::SimpleAtoi(parts[1], &page->as_of_time_us) && absl::SimpleAtoi(parts[2], &page->after) &&
         0 <= page->after && page->after <= page->position;
}

absl::Status ReadExplanation(const Store& store, ExplainedRow* row, const ExplanationPage& page,
                             absl::FunctionRef<bool()> is_wanted, v1::ExplainTotalResponse* response) {
  constexpr int kReadsAtOnce = 64;
  response->set_position(page.position);
  *response->mutable_as_of_time() = TimestampOf(page.as_of_time_us);
  const std::vector<ForceKey> forces = row->Forces();
  ExplanationPage next = page;
  size_t bytes = 0;
  for (int reads = 0; reads < kMaxExplainedReads; reads += kReadsAtOnce) {
    if (!is_wanted()) return absl::CancelledError("The call had ended before all results were read.");
    const std::vector<LogPosition> positions =
        store.ListStanding(forces, page.position, next.after, std::min(kReadsAtOnce, kMaxExplainedReads - reads));
    if (positions.empty()) return absl::OkStatus();
    absl::StatusOr<std::vector<LoggedEntry>> entries = store.ReadEntries(positions);
    if (!entries.ok()) return entries.status();
    for (const LoggedEntry& entry : *entries) {
      absl::StatusOr<std::optional<v1::Total>> contribution = row->ContributionOf(entry.entry.result());
      if (!contribution.ok()) return contribution.status();
      if (*contribution) {
        v1::StoredResult stored = StoredResultOf(entry);
        bytes += stored.ByteSizeLong() + (*contribution)->ByteSizeLong() + 16;
        const bool is_full =
            response->results_size() == page.size || (response->results_size() > 0 && bytes > kMaxPageBytes);
        if (is_full) {
          response->set_next_page_token(MakePageToken(page.scope, KeyOfPage(next)));
          return absl::OkStatus();
        }
        *response->add_results() = std::move(stored);
        *response->add_contributions() = *std::move(*contribution);
      }
      next.after = entry.position;
    }
  }
  response->set_next_page_token(MakePageToken(page.scope, KeyOfPage(next)));
  return absl::OkStatus();
}

}  // namespace muster
