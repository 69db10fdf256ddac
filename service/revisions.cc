#include "service/revisions.h"

#include <algorithm>
#include <deque>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/errors.h"
#include "service/limits.h"
#include "service/page_tokens.h"
#include "service/receipts.h"

namespace muster {
namespace {

absl::StatusOr<LoggedEntry> ReadEntry(const Store& store, LogPosition position) {
  absl::StatusOr<std::vector<LoggedEntry>> entries = store.ReadEntries({position});
  if (!entries.ok()) return entries.status();
  return std::move(entries->front());
}

absl::Status BrokenChain(LogPosition position) {
  return absl::DataLossError(absl::StrCat("The log entry at position ", position,
                                          " is no earlier revision of the result that is said to have replaced it."));
}

}  // namespace

absl::Status ResultNotFound() {
  return Error(absl::StatusCode::kNotFound, "RESULT_NOT_FOUND",
               "No result of that name is stored for that force in that operation; ListResults lists what is.");
}

absl::Status ReadRevisions(const Store& store, const ResultKey& key, const RevisionsPage& page,
                           absl::FunctionRef<bool()> is_wanted, v1::ListRevisionsResponse* response) {
  const absl::StatusOr<std::vector<std::optional<LoggedEntry>>> newest = store.ReadNewest({key});
  if (!newest.ok()) return newest.status();
  if (!newest->front()) return ResultNotFound();

  // The oldest ones of those wanted, and one more, which tells whether there is a next page.
  std::deque<LogPosition> positions;
  LogPosition position = newest->front()->position;
  LogPosition replaced = newest->front()->entry.result().replaced_position();
  while (position > page.after) {
    positions.push_front(position);
    if (positions.size() > static_cast<size_t>(page.size) + 1) positions.pop_back();
    if (replaced == 0 || replaced <= page.after) break;
    if (!is_wanted()) return absl::CancelledError("The call had ended before all revisions were read.");
    const absl::StatusOr<LoggedEntry> entry = ReadEntry(store, replaced);
    if (!entry.ok()) return entry.status();
    if (replaced >= position || KeyOf(entry->entry.result().result()) != key) return BrokenChain(replaced);
    position = replaced;
    replaced = entry->entry.result().replaced_position();
  }

  size_t bytes = 0;
  for (size_t index = 0; index < positions.size(); ++index) {
    absl::StatusOr<LoggedEntry> entry = ReadEntry(store, positions[index]);
    if (!entry.ok()) return entry.status();
    v1::StoredResult stored = StoredResultOf(*entry);
    bytes += stored.ByteSizeLong() + 8;
    // Large results: end the page before it no longer fits a message.
    if (index == static_cast<size_t>(page.size) || (index > 0 && bytes > kMaxPageBytes)) {
      response->set_next_page_token(MakePageToken(page.scope, absl::StrCat(positions[index - 1])));
      break;
    }
    *response->add_revisions() = std::move(stored);
  }
  return absl::OkStatus();
}

}  // namespace muster
