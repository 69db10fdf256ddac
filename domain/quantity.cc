#include "domain/quantity.h"

#include <algorithm>
#include <array>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace muster {
namespace {

struct UnitFacts {
  v1::Unit unit;
  v1::Dimension dimension;
  int64_t base_units;
  absl::string_view name;
};

// Within a dimension from the smallest unit, which is the base unit, to the largest.
constexpr std::array<UnitFacts, 10> kUnits = {{
    {v1::UNIT_COUNT, v1::DIMENSION_COUNT, 1, "count"},
    {v1::UNIT_MILLIGRAM, v1::DIMENSION_MASS, 1, "mg"},
    {v1::UNIT_GRAM, v1::DIMENSION_MASS, 1'000, "g"},
    {v1::UNIT_KILOGRAM, v1::DIMENSION_MASS, 1'000'000, "kg"},
    {v1::UNIT_PENNY, v1::DIMENSION_MONEY, 1, "pence"},
    {v1::UNIT_POUND, v1::DIMENSION_MONEY, 100, "pounds"},
    {v1::UNIT_MILLILITRE, v1::DIMENSION_VOLUME, 1, "ml"},
    {v1::UNIT_LITRE, v1::DIMENSION_VOLUME, 1'000, "l"},
    {v1::UNIT_MINUTE, v1::DIMENSION_TIME, 1, "min"},
    {v1::UNIT_HOUR, v1::DIMENSION_TIME, 60, "h"},
}};

const UnitFacts* FactsOf(v1::Unit unit) {
  const auto* const found =
      std::find_if(kUnits.begin(), kUnits.end(), [unit](const UnitFacts& facts) { return facts.unit == unit; });
  return found == kUnits.end() ? nullptr : found;
}

struct QualifierFacts {
  v1::Qualifier qualifier;
  absl::string_view name;
};

constexpr std::array<QualifierFacts, 4> kQualifiers = {{
    {v1::QUALIFIER_EXACT, "exact"},
    {v1::QUALIFIER_AT_LEAST, "at_least"},
    {v1::QUALIFIER_AT_MOST, "at_most"},
    {v1::QUALIFIER_ESTIMATE, "estimate"},
}};

// "1234567" becomes "1,234,567".
std::string GroupThousands(absl::int128 number) {
  std::string digits;
  absl::uint128 rest = static_cast<absl::uint128>(number < 0 ? -number : number);
  int count = 0;
  do {
    if (count != 0 && count % 3 == 0) digits.push_back(',');
    digits.push_back(static_cast<char>('0' + static_cast<int>(rest % 10)));
    rest /= 10;
    ++count;
  } while (rest != 0);
  if (number < 0) digits.push_back('-');
  std::reverse(digits.begin(), digits.end());
  return digits;
}

// `number` / `divisor` as an exact decimal without trailing zeros. `divisor` is a power of ten.
std::string FormatDecimal(absl::int128 number, int64_t divisor) {
  std::string text = GroupThousands(number / divisor);
  absl::int128 fraction = number % divisor;
  if (fraction == 0) return text;
  std::string digits;
  for (int64_t place = divisor / 10; place > 0; place /= 10) {
    digits.push_back(static_cast<char>('0' + static_cast<int>(fraction / place)));
    fraction %= place;
  }
  while (digits.back() == '0') digits.pop_back();
  return absl::StrCat(text, ".", digits);
}

}  // namespace

v1::Dimension DimensionOf(v1::Unit unit) {
  const UnitFacts* const facts = FactsOf(unit);
  return facts == nullptr ? v1::DIMENSION_UNSPECIFIED : facts->dimension;
}

v1::Unit BaseUnitOf(v1::Dimension dimension) {
  if (dimension == v1::DIMENSION_PERCENT) return v1::UNIT_COUNT;
  for (const UnitFacts& facts : kUnits) {
    if (facts.dimension == dimension) return facts.unit;
  }
  return v1::UNIT_UNSPECIFIED;
}

bool UnitFits(v1::Unit unit, v1::Dimension dimension) {
  if (dimension == v1::DIMENSION_PERCENT) return unit == v1::UNIT_COUNT;
  return dimension != v1::DIMENSION_UNSPECIFIED && DimensionOf(unit) == dimension;
}

int64_t BaseUnitsIn(v1::Unit unit) {
  const UnitFacts* const facts = FactsOf(unit);
  return facts == nullptr ? 0 : facts->base_units;
}

absl::string_view UnitName(v1::Unit unit) {
  const UnitFacts* const facts = FactsOf(unit);
  return facts == nullptr ? absl::string_view() : facts->name;
}

std::optional<v1::Unit> UnitFromName(absl::string_view name) {
  for (const UnitFacts& facts : kUnits) {
    if (facts.name == name) return facts.unit;
  }
  return std::nullopt;
}

std::string UnitsOf(v1::Dimension dimension) {
  std::vector<absl::string_view> names;
  for (const UnitFacts& facts : kUnits) {
    if (UnitFits(facts.unit, dimension)) names.push_back(facts.name);
  }
  if (names.size() < 2) return absl::StrJoin(names, "");
  const absl::string_view last = names.back();
  names.pop_back();
  return absl::StrCat(absl::StrJoin(names, ", "), " or ", last);
}

absl::string_view QualifierName(v1::Qualifier qualifier) {
  for (const QualifierFacts& facts : kQualifiers) {
    if (facts.qualifier == qualifier) return facts.name;
  }
  return "exact";  // Unset means exact.
}

std::optional<v1::Qualifier> QualifierFromName(absl::string_view name) {
  for (const QualifierFacts& facts : kQualifiers) {
    if (facts.name == name) return facts.qualifier;
  }
  return std::nullopt;
}

std::optional<Quantity> ParseQuantity(absl::string_view text, v1::Unit unit) {
  const UnitFacts* const stated = FactsOf(unit);
  if (stated == nullptr || text.empty()) return std::nullopt;

  // All digits as one number, and the power of ten that the point divides it by.
  absl::int128 digits = 0;
  int64_t divisor = 1;
  bool after_point = false;
  bool any_digit = false;
  for (const char character : text) {
    if (character == '.') {
      if (after_point || !any_digit) return std::nullopt;
      after_point = true;
      any_digit = false;  // A point wants digits behind it too.
      continue;
    }
    if (!absl::ascii_isdigit(static_cast<unsigned char>(character))) return std::nullopt;
    any_digit = true;
    digits = digits * 10 + (character - '0');
    if (after_point) divisor *= 10;
    if (digits > absl::int128(kMaxFigureValue) * 1'000'000'000 || divisor > 1'000'000'000) return std::nullopt;
  }
  if (!any_digit) return std::nullopt;

  // From the stated unit downwards, the first in which the value is whole.
  const absl::int128 base_units = digits * stated->base_units;
  for (auto facts = kUnits.rbegin(); facts != kUnits.rend(); ++facts) {
    if (facts->dimension != stated->dimension || facts->base_units > stated->base_units) continue;
    const absl::int128 unit_size = absl::int128(divisor) * facts->base_units;
    if (base_units % unit_size != 0) continue;
    const absl::int128 value = base_units / unit_size;
    if (value > kMaxFigureValue) return std::nullopt;
    return Quantity{static_cast<int64_t>(value), facts->unit};
  }
  return std::nullopt;
}

std::string FormatQuantity(absl::int128 base_value, v1::Dimension dimension) {
  switch (dimension) {
    case v1::DIMENSION_MASS:
      if (base_value >= 1'000'000) return absl::StrCat(FormatDecimal(base_value, 1'000'000), " kg");
      if (base_value >= 1'000 || base_value == 0) return absl::StrCat(FormatDecimal(base_value, 1'000), " g");
      return absl::StrCat(GroupThousands(base_value), " mg");
    case v1::DIMENSION_MONEY: {
      std::string pounds = absl::StrCat("£", GroupThousands(base_value / 100));
      const int pence = static_cast<int>(base_value % 100);
      if (pence != 0) absl::StrAppend(&pounds, pence < 10 ? ".0" : ".", pence);
      return pounds;
    }
    case v1::DIMENSION_VOLUME:
      if (base_value >= 1'000) return absl::StrCat(FormatDecimal(base_value, 1'000), " l");
      return absl::StrCat(GroupThousands(base_value), " ml");
    case v1::DIMENSION_TIME: {
      if (base_value < 60) return absl::StrCat(GroupThousands(base_value), " min");
      std::string hours = absl::StrCat(GroupThousands(base_value / 60), " h");
      const int minutes = static_cast<int>(base_value % 60);
      if (minutes != 0) absl::StrAppend(&hours, " ", minutes, " min");
      return hours;
    }
    case v1::DIMENSION_PERCENT:
      return absl::StrCat(GroupThousands(base_value), "%");
    default:
      return GroupThousands(base_value);
  }
}

}  // namespace muster
