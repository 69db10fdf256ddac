// What people type, and what others wrote that people are shown: quantities, days, ids and text for a terminal. The
// first byte is a width.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "clients/cli/text.h"
#include "domain/catalogue.h"
#include "domain/check.h"
#include "domain/civil_day.h"
#include "domain/quantity.h"
#include "domain/validation.h"

namespace muster::fuzz {
namespace {

void CheckText(absl::string_view text, int columns) {
  const std::string shown = cli::Printable(text);
  MUSTER_CHECK(cli::IsUtf8(shown));
  MUSTER_CHECK(cli::Printable(shown) == shown);
  MUSTER_CHECK(std::none_of(shown.begin(), shown.end(),
                            [](char byte) { return static_cast<unsigned char>(byte) < 0x20 || byte == 0x7f; }));
  MUSTER_CHECK(cli::DisplayColumns(cli::CutToColumns(shown, columns)) <= columns);
  const std::vector<std::string> lines = cli::WrapToColumns(shown, columns);
  MUSTER_CHECK(!lines.empty());
  for (const std::string& line : lines) {
    MUSTER_CHECK(cli::DisplayColumns(line) <= columns && cli::IsUtf8(line));
  }
}

void CheckQuantities(absl::string_view text) {
  for (int number = v1::UNIT_COUNT; number <= v1::UNIT_HOUR; ++number) {
    const auto unit = static_cast<v1::Unit>(number);
    const std::optional<Quantity> quantity = ParseQuantity(text, unit);
    if (!quantity) continue;
    MUSTER_CHECK(quantity->value >= 0 && quantity->value <= kMaxFigureValue);
    MUSTER_CHECK(DimensionOf(quantity->unit) == DimensionOf(unit));
    MUSTER_CHECK(
        !FormatQuantity(absl::int128(quantity->value) * BaseUnitsIn(quantity->unit), DimensionOf(unit)).empty());
  }
}

}  // namespace
}  // namespace muster::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace muster;  // NOLINT(google-build-using-namespace)
  if (size == 0) return -1;
  const absl::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  fuzz::CheckText(text, 1 + data[0] % 100);
  fuzz::CheckQuantities(text);
  if (const std::optional<absl::CivilDay> day = ParseCivilDay(text)) MUSTER_CHECK(FormatCivilDay(*day) == text);
  if (IsCatalogueId(text)) MUSTER_CHECK(IsResultId(text));
  const std::vector<absl::string_view> known = {"arrests", "cash-seized", "drugs-weight", "weapons-seized"};
  const std::string nearest = NearestName(text, known);
  MUSTER_CHECK(nearest.empty() || std::find(known.begin(), known.end(), nearest) != known.end());
  return 0;
}
