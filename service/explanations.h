// Reads the results that make one row.
#ifndef MUSTER_SERVICE_EXPLANATIONS_H_
#define MUSTER_SERVICE_EXPLANATIONS_H_

#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "aggregator/explanation.h"
#include "muster/v1/totals_service.pb.h"
#include "storage/store.h"

namespace muster {

// Which results of a row are wanted, of those that stood at one position.
struct ExplanationPage {
  LogPosition position = 0;   // When they stood.
  int64_t as_of_time_us = 0;  // What that stands for.
  LogPosition after = 0;      // The place in the log where the page before ended.
  int size = 0;
  std::string scope;  // Of its tokens.
};

// Fills in one page. Reads at most kMaxExplainedReads entries of the log: what does not add to the row has to be read,
// too, to know it. Gives up when nobody wants it any more.
//
// CANCELLED  `is_wanted` said no
// DATA_LOSS  the log is damaged
// and as ExplainedRow::ContributionOf
absl::Status ReadExplanation(const Store& store, ExplainedRow* row, const ExplanationPage& page,
                             absl::FunctionRef<bool()> is_wanted, v1::ExplainTotalResponse* response);

// The key in the token of a page that goes on at `page`, and back. False if it is none.
std::string KeyOfPage(const ExplanationPage& page);
bool ReadKeyOfPage(const std::string& key, ExplanationPage* page);

}  // namespace muster

#endif  // MUSTER_SERVICE_EXPLANATIONS_H_
