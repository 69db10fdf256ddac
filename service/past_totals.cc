#include "service/past_totals.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "aggregator/totals.h"
#include "aggregator/totals_query.h"
#include "domain/digest.h"
#include "service/page_tokens.h"
#include "service/totals_pages.h"

namespace muster {
namespace {

constexpr char kTokenScope[] = "totals-as-of";

// Which list a page is of: what is asked, and what may be shown. The same for ever.
std::string ListName(const v1::TotalsQuery& query, const Sight& sight) {
  constexpr size_t kDigits = 16;
  return Sha256Hex(absl::StrCat(sight.Key(), "\n", query.SerializeAsString())).substr(0, kDigits);
}

}  // namespace

absl::StatusOr<PastQuestion> PastTotals::Check(const v1::QueryTotalsRequest& request, const Sight& sight,
                                               int page_size) const {
  PastQuestion question;
  question.query = request.query();
  question.sight = sight;
  question.page_size = page_size;
  const v1::TotalsQuery& query = question.query;
  const absl::StatusOr<std::string> key = ReadPageToken(kTokenScope, request.page_token());
  if (!key.ok()) return key.status();
  if (!key->empty()) {
    const std::vector<std::string> parts = absl::StrSplit(*key, '/');
    if (parts.size() != 2 || !absl::SimpleAtoi(parts[1], &question.begin) || question.begin < 1) {
      return InvalidTotalsPageToken("must be a next_page_token of an earlier page");
    }
    if (parts[0] != ListName(query, sight)) {
      return InvalidTotalsPageToken("is of another query; leave the query as it was, or begin anew");
    }
  }
  FieldProblems problems;
  question.moment = ParseMoment(query.as_of_position(), "query.as_of_position",
                                query.has_as_of_time() ? &query.as_of_time() : nullptr, "query.as_of_time",
                                cubes_.Now({}), &problems);
  // Operations are never removed: one that there is not now there was not then.
  ParseTotalsQuery(query, "query", cubes_.catalogue(), *cubes_.operations(), &problems);
  if (!problems.empty()) return InvalidQuery(problems);
  return question;
}

absl::Status PastTotals::Answer(const PastQuestion& question, std::function<bool()> is_wanted,
                                v1::QueryTotalsResponse* response) const {
  const v1::TotalsQuery& query = question.query;
  std::vector<std::string> operations(query.operations().begin(), query.operations().end());
  if (!operations.empty() && !query.baseline_operation().empty()) operations.push_back(query.baseline_operation());
  const absl::StatusOr<PastCubes> past = rewinder_.At(question.moment, std::move(operations), std::move(is_wanted));
  if (!past.ok()) return past.status();
  FieldProblems problems;
  std::optional<TotalsQuery> parsed =
      ParseTotalsQuery(query, "query", cubes_.catalogue(), past->operations(), &problems);
  if (!parsed) return InvalidQuery(problems);
  question.sight.Limit(&parsed->scope);
  if (absl::Status computed = ComputeTotals(past->View(), cubes_.catalogue(), *parsed, response); !computed.ok()) {
    return computed;
  }
  if (question.begin > 0) response->clear_coverage();
  auto& rows = *response->mutable_rows();
  if (question.begin > 0 && question.begin >= rows.size()) {
    return InvalidTotalsPageToken("must be a next_page_token of an earlier page");
  }
  const int end = EndOfPage(rows, question.begin, question.page_size, response->coverage().ByteSizeLong());
  if (end < rows.size()) {
    response->set_next_page_token(MakePageToken(kTokenScope, absl::StrCat(ListName(query, question.sight), "/", end)));
  }
  rows.DeleteSubrange(end, rows.size() - end);
  rows.DeleteSubrange(0, question.begin);
  return absl::OkStatus();
}

}  // namespace muster
