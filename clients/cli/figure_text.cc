#include "clients/cli/figure_text.h"

#include "absl/numeric/int128.h"
#include "absl/strings/str_cat.h"
#include "domain/quantity.h"

namespace muster::cli {

std::string FigureText(const v1::Figure& figure, v1::Dimension dimension) {
  if (!figure.has_value()) return "not yet counted";
  std::string value = FormatQuantity(absl::int128(figure.value()) * BaseUnitsIn(figure.unit()), dimension);
  switch (figure.qualifier()) {
    case v1::QUALIFIER_AT_LEAST:
      return absl::StrCat("at least ", value);
    case v1::QUALIFIER_AT_MOST:
      return absl::StrCat("at most ", value);
    case v1::QUALIFIER_ESTIMATE:
      return absl::StrCat("about ", value);
    default:
      return value;
  }
}

}  // namespace muster::cli
