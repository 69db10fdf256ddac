// Text as people see it: UTF-8, its width on a terminal, and nothing that a terminal would obey.
#ifndef MUSTER_CLIENTS_CLI_TEXT_H_
#define MUSTER_CLIENTS_CLI_TEXT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace muster::cli {

// Whether `text` is well-formed UTF-8 (no overlong forms, no surrogates).
bool IsUtf8(absl::string_view text);

// How many columns of a terminal `text` takes: one for each code point, which is right for what Muster prints.
int DisplayColumns(absl::string_view text);

// The first part of `text` that takes at most `columns`, ending in "…" if anything is left out. `columns` >= 1.
std::string CutToColumns(absl::string_view text, int columns);

// `text` in lines of at most `columns`, broken at spaces, or within a word that is longer than a line. At least one
// line. `columns` >= 1.
std::vector<std::string> WrapToColumns(absl::string_view text, int columns);

// `text` with control characters, and bytes that are no UTF-8, replaced by "�": what others wrote must not move the
// cursor or change the colours. Line feeds become spaces.
std::string Printable(absl::string_view text);

// "1,234".
std::string WithThousands(int64_t number);

// "1 result", "1,234 results": `several` is `one` with an s unless given.
std::string Counted(int64_t number, absl::string_view one, absl::string_view several = "");

}  // namespace muster::cli

#endif  // MUSTER_CLIENTS_CLI_TEXT_H_
