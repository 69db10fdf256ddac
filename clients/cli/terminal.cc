#include "clients/cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace muster::cli {
namespace {

constexpr int kColumnsIfUnknown = 80;

absl::string_view Environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

int ColumnsOf(int file_descriptor) {
  int columns = 0;
  if (absl::SimpleAtoi(Environment("COLUMNS"), &columns) && columns > 0) return columns;
  winsize size = {};
  if (ioctl(file_descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return kColumnsIfUnknown;
}

// As setlocale(3) picks it.
bool LocaleIsUtf8() {
  for (const char* const name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const std::string locale = absl::AsciiStrToLower(Environment(name));
    if (locale.empty()) continue;
    return absl::StrContains(locale, "utf-8") || absl::StrContains(locale, "utf8");
  }
  return false;
}

absl::string_view EscapeOf(Colour colour) {
  switch (colour) {
    case Colour::kBold:
      return "\x1b[1m";
    case Colour::kDim:
      return "\x1b[2m";
    case Colour::kRed:
      return "\x1b[31m";
    case Colour::kYellow:
      return "\x1b[33m";
    case Colour::kGreen:
      return "\x1b[32m";
    case Colour::kNone:
      break;
  }
  return "";
}

}  // namespace

Terminal TerminalOf(int file_descriptor) {
  if (isatty(file_descriptor) == 0) return {};
  Terminal terminal;
  terminal.is_terminal = true;
  terminal.columns = ColumnsOf(file_descriptor);
  terminal.colour = Environment("NO_COLOR").empty() && Environment("TERM") != "dumb";
  terminal.unicode = LocaleIsUtf8();
  return terminal;
}

std::string Coloured(absl::string_view text, Colour colour, const Terminal& terminal) {
  if (!terminal.colour || colour == Colour::kNone) return std::string(text);
  return absl::StrCat(EscapeOf(colour), text, "\x1b[0m");
}

}  // namespace muster::cli
