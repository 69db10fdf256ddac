// What is known of the place that output goes to.
#ifndef MUSTER_CLIENTS_CLI_TERMINAL_H_
#define MUSTER_CLIENTS_CLI_TERMINAL_H_

#include <string>

#include "absl/strings/string_view.h"

namespace muster::cli {

struct Terminal {
  bool is_terminal = false;
  // What fits on a line; 0 where nothing limits it, because it is no terminal.
  int columns = 0;
  // Whether colours are welcome: a terminal that has them, and NO_COLOR is unset or empty.
  bool colour = false;
  // Whether it shows what is not ASCII: the locale says UTF-8.
  bool unicode = false;
};

// Of standard output (1) or standard error (2). COLUMNS goes before what the terminal says of itself.
Terminal TerminalOf(int file_descriptor);

enum class Colour { kNone, kBold, kDim, kRed, kYellow, kGreen };

// `text` in `colour`, if the terminal takes colours.
std::string Coloured(absl::string_view text, Colour colour, const Terminal& terminal);

}  // namespace muster::cli

#endif  // MUSTER_CLIENTS_CLI_TERMINAL_H_
