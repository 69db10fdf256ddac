#include "clients/export/formula_guard.h"

#include "absl/strings/str_cat.h"

namespace muster::exports {
namespace {

constexpr absl::string_view kStartsOfFormulas = "=+-@\t\r\n";

// Of the first character that is no apostrophe; npos if there is none.
size_t AfterApostrophes(absl::string_view text) { return text.find_first_not_of('\''); }

bool LooksLikeFormula(absl::string_view text) {
  const size_t start = AfterApostrophes(text);
  return start != absl::string_view::npos && kStartsOfFormulas.find(text[start]) != absl::string_view::npos;
}

}  // namespace

std::string GuardFormula(absl::string_view text) {
  return LooksLikeFormula(text) ? absl::StrCat("'", text) : std::string(text);
}

absl::string_view UnguardFormula(absl::string_view text) {
  return AfterApostrophes(text) > 0 && LooksLikeFormula(text) ? text.substr(1) : text;
}

}  // namespace muster::exports
