#include "domain/careful_writer.h"

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "domain/quantity.h"

namespace muster {
namespace {

// "1 value", "1,200 values".
std::string Counted(int64_t number, absl::string_view one, absl::string_view several) {
  return absl::StrCat(FormatQuantity(number, v1::DIMENSION_COUNT), " ", number == 1 ? one : several);
}

// The headline and what bounds it; nothing yet about values still to be counted.
CarefulTotal WriteSum(const v1::Total& total, v1::Dimension dimension) {
  const std::string sum = FormatQuantity(total.sum(), dimension);
  const std::string certain =
      total.at_least() > 0 ? absl::StrCat(", at least ", FormatQuantity(total.at_least(), dimension)) : std::string();
  switch (total.qualifier()) {
    case v1::QUALIFIER_AT_LEAST:
      return {absl::StrCat("at least ", sum), ""};
    case v1::QUALIFIER_AT_MOST:
      return {absl::StrCat("at most ", sum), certain};
    case v1::QUALIFIER_ESTIMATE: {
      // Where all of it is certain, "about" would say less than is known.
      if (total.at_least() >= total.sum() && total.sum() > 0) return {absl::StrCat("at least ", sum), ""};
      CarefulTotal written = {absl::StrCat("about ", sum), certain};
      if (total.has_at_most() && total.at_most() != total.sum()) {
        absl::StrAppend(&written.caveats, ", at most ", FormatQuantity(total.at_most(), dimension));
      }
      return written;
    }
    default:  // Exact, said or unsaid.
      return {sum, ""};
  }
}

}  // namespace

CarefulTotal WriteCarefully(const v1::Total& total, v1::Dimension dimension) {
  const bool some_uncounted = total.uncounted_count() > 0;
  const std::string uncounted =
      some_uncounted ? absl::StrCat(Counted(total.uncounted_count(), "value", "values"), " still to be counted") : "";

  // "At least 0" would sound as if something had been counted.
  if (some_uncounted && total.has_sum() && total.sum() == 0) return {uncounted, ""};

  CarefulTotal written =
      total.has_sum()
          ? WriteSum(total, dimension)
          : CarefulTotal{"no total", absl::StrCat(" (", Counted(total.result_count(), "result", "results"),
                                                  total.result_count() == 1 ? " does" : " do", " not add up)")};
  if (some_uncounted) absl::StrAppend(&written.caveats, ", and ", uncounted);
  return written;
}

}  // namespace muster
