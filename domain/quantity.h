// Quantities: dimensions, units, and exact conversion between them. Integers only: no value is ever a float.
#ifndef MUSTER_DOMAIN_QUANTITY_H_
#define MUSTER_DOMAIN_QUANTITY_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/numeric/int128.h"
#include "absl/strings/string_view.h"
#include "muster/v1/catalogue.pb.h"
#include "muster/v1/result.pb.h"

namespace muster {

// The largest value of a figure, in its stated unit and in its metric's base unit. A thousand figures of it
// still fit an int64_t.
inline constexpr int64_t kMaxFigureValue = 1'000'000'000'000'000;

// The dimension that a unit measures; UNIT_COUNT is said to be of DIMENSION_COUNT though percentages use it too.
// DIMENSION_UNSPECIFIED for UNIT_UNSPECIFIED and for numbers that are no unit.
v1::Dimension DimensionOf(v1::Unit unit);

// The unit that totals of a dimension are in. UNIT_UNSPECIFIED for DIMENSION_UNSPECIFIED.
v1::Unit BaseUnitOf(v1::Dimension dimension);

// Whether values of `dimension` may be stated in `unit`.
bool UnitFits(v1::Unit unit, v1::Dimension dimension);

// How many base units of its dimension one `unit` is: 1,000,000 for UNIT_KILOGRAM. 0 for no unit.
int64_t BaseUnitsIn(v1::Unit unit);

// The short name that files and the command line use: "count", "mg", "g", "kg", "pence", "pounds", "ml", "l",
// "min", "h". Empty for no unit.
absl::string_view UnitName(v1::Unit unit);
std::optional<v1::Unit> UnitFromName(absl::string_view name);

// The units that a dimension takes, for error messages: "mg, g or kg".
std::string UnitsOf(v1::Dimension dimension);

// "exact", "at_least", "at_most", "estimate": the names that files and the command line use.
absl::string_view QualifierName(v1::Qualifier qualifier);
std::optional<v1::Qualifier> QualifierFromName(absl::string_view name);

// A value as a person states it: an integer and its unit.
struct Quantity {
  int64_t value = 0;
  v1::Unit unit = v1::UNIT_UNSPECIFIED;
  friend bool operator==(const Quantity&, const Quantity&) = default;
};

// Reads a non-negative decimal in `unit`, exactly: "151.5" g is 151,500 mg, "30" kg is 30 kg, "12.50" pounds is
// 1,250 pence. A fraction moves to the largest smaller unit of the dimension that holds it as a whole number. nullopt
// if the text is no such number, the fraction is finer than the smallest unit, or the value is beyond kMaxFigureValue.
std::optional<Quantity> ParseQuantity(absl::string_view text, v1::Unit unit);

// Writes a value of a base unit for people, exactly, with thousands separators and in the unit that reads best:
// "£124,095", "£12.50", "430 g", "1.4705 kg", "230", "2 h 30 min", "1.5 l", "37%".
std::string FormatQuantity(absl::int128 base_value, v1::Dimension dimension);

}  // namespace muster

#endif  // MUSTER_DOMAIN_QUANTITY_H_
