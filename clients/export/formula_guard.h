// Text that a spreadsheet would take for a formula, made harmless in CSV and read back as it was.
#ifndef MUSTER_CLIENTS_EXPORT_FORMULA_GUARD_H_
#define MUSTER_CLIENTS_EXPORT_FORMULA_GUARD_H_

#include <string>

#include "absl/strings/string_view.h"

namespace muster::exports {

// `text`, with an apostrophe before it if it begins, after any apostrophes, with one of = + - @, a tab, or the end of a
// line: a spreadsheet runs what begins so, and shows what an apostrophe stands before. For cells of text alone: a
// number keeps its sign.
std::string GuardFormula(absl::string_view text);

// What GuardFormula() made of: for every text t, UnguardFormula(GuardFormula(t)) is t. A part of `text`.
absl::string_view UnguardFormula(absl::string_view text);

}  // namespace muster::exports

#endif  // MUSTER_CLIENTS_EXPORT_FORMULA_GUARD_H_
