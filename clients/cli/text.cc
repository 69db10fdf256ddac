#include "clients/cli/text.h"

#include <cstddef>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "domain/quantity.h"

namespace muster::cli {
namespace {

constexpr absl::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr absl::string_view kEllipsis = "\xE2\x80\xA6";     // U+2026

struct CodePoint {
  uint32_t value = 0;
  size_t bytes = 0;  // 0: not UTF-8.
};

// The code point at the start of `text`, which is not empty.
CodePoint FirstCodePoint(absl::string_view text) {
  const auto byte_at = [text](size_t index) { return static_cast<unsigned char>(text[index]); };
  const unsigned char first = byte_at(0);
  if (first < 0x80) return {first, 1};
  size_t bytes = 0;
  uint32_t value = 0;
  uint32_t smallest = 0;  // What needs that many bytes: anything less is an overlong form.
  if ((first & 0xE0) == 0xC0) {
    bytes = 2, value = first & 0x1F, smallest = 0x80;
  } else if ((first & 0xF0) == 0xE0) {
    bytes = 3, value = first & 0x0F, smallest = 0x800;
  } else if ((first & 0xF8) == 0xF0) {
    bytes = 4, value = first & 0x07, smallest = 0x10000;
  }
  if (bytes == 0 || text.size() < bytes) return {};
  for (size_t index = 1; index < bytes; ++index) {
    if ((byte_at(index) & 0xC0) != 0x80) return {};
    value = (value << 6) | (byte_at(index) & 0x3F);
  }
  const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
  if (value < smallest || value > 0x10FFFF || surrogate) return {};
  return {value, bytes};
}

// How many bytes the first `columns` code points of `text` take; all of it if it has no more.
size_t BytesOfColumns(absl::string_view text, int columns) {
  size_t end = 0;
  for (int kept = 0; end < text.size(); ++end) {
    const bool starts_point = (static_cast<unsigned char>(text[end]) & 0xC0) != 0x80;
    if (starts_point && kept++ == columns) break;
  }
  return end;
}

bool IsControl(uint32_t value) { return value < 0x20 || (value >= 0x7F && value < 0xA0); }

}  // namespace

bool IsUtf8(absl::string_view text) {
  while (!text.empty()) {
    const CodePoint point = FirstCodePoint(text);
    if (point.bytes == 0) return false;
    text.remove_prefix(point.bytes);
  }
  return true;
}

int DisplayColumns(absl::string_view text) {
  int columns = 0;
  for (const char byte : text) {
    if ((static_cast<unsigned char>(byte) & 0xC0) != 0x80) ++columns;  // Not a continuation byte.
  }
  return columns;
}

std::string CutToColumns(absl::string_view text, int columns) {
  if (DisplayColumns(text) <= columns) return std::string(text);
  return absl::StrCat(text.substr(0, BytesOfColumns(text, columns - 1)), kEllipsis);
}

std::vector<std::string> WrapToColumns(absl::string_view text, int columns) {
  std::vector<std::string> lines(1);
  int used = 0;
  for (absl::string_view word : absl::StrSplit(text, ' ')) {
    int width = DisplayColumns(word);
    const bool starts_line = lines.size() == 1 && used == 0 && lines.back().empty();
    if (!starts_line) {
      if (used + 1 + width <= columns) {
        lines.back().push_back(' ');
        ++used;
      } else {
        lines.emplace_back();
        used = 0;
      }
    }
    for (; width > columns; width -= columns) {
      const size_t bytes = BytesOfColumns(word, columns);
      lines.back().append(word.data(), bytes);
      lines.emplace_back();
      word.remove_prefix(bytes);
    }
    lines.back().append(word.data(), word.size());
    used += width;
  }
  return lines;
}

std::string Printable(absl::string_view text) {
  std::string printable;
  printable.reserve(text.size());
  while (!text.empty()) {
    const CodePoint point = FirstCodePoint(text);
    if (point.bytes == 0) {
      absl::StrAppend(&printable, kReplacement);
      text.remove_prefix(1);
      continue;
    }
    if (point.value == '\n') {
      printable.push_back(' ');
    } else {
      absl::StrAppend(&printable, IsControl(point.value) ? kReplacement : text.substr(0, point.bytes));
    }
    text.remove_prefix(point.bytes);
  }
  return printable;
}

std::string WithThousands(int64_t number) { return FormatQuantity(number, v1::DIMENSION_COUNT); }

std::string Counted(int64_t number, absl::string_view one, absl::string_view several) {
  if (number == 1) return absl::StrCat("1 ", one);
  return several.empty() ? absl::StrCat(WithThousands(number), " ", one, "s")
                         : absl::StrCat(WithThousands(number), " ", several);
}

}  // namespace muster::cli
