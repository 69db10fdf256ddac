#include "domain/civil_day.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"

namespace muster {
namespace {

// Reads `text` as a number of decimal digits and nothing else.
std::optional<int> ParseDigits(absl::string_view text) {
  int number = 0;
  for (const char digit : text) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(digit))) return std::nullopt;
    number = number * 10 + (digit - '0');
  }
  return number;
}

constexpr int kFirstYear = 1900;
constexpr int kLastYear = 2999;

}  // namespace

std::optional<absl::CivilDay> ParseCivilDay(absl::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const std::optional<int> year = ParseDigits(text.substr(0, 4));
  const std::optional<int> month = ParseDigits(text.substr(5, 2));
  const std::optional<int> day = ParseDigits(text.substr(8, 2));
  if (!year || !month || !day || *year < kFirstYear || *year > kLastYear) return std::nullopt;
  // CivilDay moves 30 February to 2 March: a day that moves does not exist.
  const absl::CivilDay civil_day(*year, *month, *day);
  if (civil_day.month() != *month || civil_day.day() != *day) return std::nullopt;
  return civil_day;
}

std::string FormatCivilDay(absl::CivilDay day) {
  return absl::StrFormat("%04d-%02d-%02d", day.year(), day.month(), day.day());
}

int32_t DaysSinceEpoch(absl::CivilDay day) { return static_cast<int32_t>(day - absl::CivilDay(1970, 1, 1)); }

absl::CivilDay CivilDayFromEpoch(int32_t days) { return absl::CivilDay(1970, 1, 1) + days; }

}  // namespace muster
