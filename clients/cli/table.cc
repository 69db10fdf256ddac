#include "clients/cli/table.h"

#include <algorithm>
#include <cstddef>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "clients/cli/text.h"

namespace muster::cli {
namespace {

// Below this a cut text says nothing.
constexpr int kMinColumns = 12;

struct Placed {
  const Column* column;
  size_t index;  // Of the column and its cells.
  int width;
};

int LineColumns(const std::vector<Placed>& placed) {
  int columns = 0;
  for (const Placed& one : placed) columns += one.width + (&one == &placed.front() ? 0 : one.column->gap);
  return columns;
}

// Of those that may be cut further, the widest; the ones that are cut last only if there is no other. nullptr: none.
Placed* NextToCut(std::vector<Placed>& placed) {
  Placed* best = nullptr;
  for (Placed& one : placed) {
    if (!one.column->may_be_cut || one.width <= kMinColumns) continue;
    const bool better = best == nullptr || (best->column->cut_last && !one.column->cut_last) ||
                        (best->column->cut_last == one.column->cut_last && one.width > best->width);
    if (better) best = &one;
  }
  return best;
}

// The narrowest that cutting can make the line.
int LeastColumns(const std::vector<Placed>& placed) {
  int columns = 0;
  for (const Placed& one : placed) {
    columns += one.column->may_be_cut ? std::min(one.width, kMinColumns) : one.width;
    columns += &one == &placed.front() ? 0 : one.column->gap;
  }
  return columns;
}

// Removes ornaments, the last first, until the line fits or none is left.
void LeaveOutOrnaments(std::vector<Placed>& placed, int max_columns) {
  for (size_t next = placed.size(); next > 0 && LineColumns(placed) > max_columns; --next) {
    const auto last = placed.begin() + static_cast<std::ptrdiff_t>(next) - 1;
    if (last->column->ornament) placed.erase(last);
  }
}

// Removes dispensable columns, the last first, until cutting can do the rest. Returns their titles, in their order.
std::vector<std::string> LeaveOut(std::vector<Placed>& placed, int max_columns) {
  std::vector<std::string> titles;
  for (size_t next = placed.size(); next > 0 && LeastColumns(placed) > max_columns; --next) {
    const auto last = placed.begin() + static_cast<std::ptrdiff_t>(next) - 1;
    if (!last->column->dispensable) continue;
    titles.insert(titles.begin(), last->column->title);
    placed.erase(last);
  }
  return titles;
}

// Takes columns one by one until the line fits or nothing more may be taken.
void CutToFit(std::vector<Placed>& placed, int max_columns) {
  for (int excess = LineColumns(placed) - max_columns; excess > 0; --excess) {
    Placed* const next = NextToCut(placed);
    if (next == nullptr) return;
    --next->width;
  }
}

// Lays out one line: `text_of` gives what stands in each of `placed`, and `colour_of` the colour of a column.
template <typename TextOf, typename ColourOf>
std::string RenderLine(const std::vector<Placed>& placed, const Terminal& terminal, const TextOf& text_of,
                       const ColourOf& colour_of) {
  std::string line;
  int owed_spaces = 0;  // Written only if something follows.
  for (size_t place = 0; place < placed.size(); ++place) {
    const Placed& one = placed[place];
    if (place > 0) owed_spaces += one.column->gap;
    const std::string text = text_of(place);
    const int padding = one.width - DisplayColumns(text);
    if (text.empty()) {
      owed_spaces += padding;
      continue;
    }
    const int before = owed_spaces + (one.column->right_aligned ? padding : 0);
    absl::StrAppend(&line, std::string(static_cast<size_t>(before), ' '),
                    Coloured(text, colour_of(one.index), terminal));
    owed_spaces = one.column->right_aligned ? 0 : padding;
  }
  return absl::StrCat(line, "\n");
}

// Lays out one row, which is as many lines as its cells need: `cell_of` and `colour_of` give those of a column.
template <typename CellOf, typename ColourOf>
std::string RenderRow(const std::vector<Placed>& placed, const Terminal& terminal, const CellOf& cell_of,
                      const ColourOf& colour_of) {
  std::vector<std::vector<std::string>> pieces;
  size_t line_count = 1;
  for (const Placed& one : placed) {
    const int width = std::max(one.width, 1);
    const std::string& cell = cell_of(one.index);
    pieces.push_back(one.column->wraps ? WrapToColumns(cell, width)
                                       : std::vector<std::string>{CutToColumns(cell, width)});
    line_count = std::max(line_count, pieces.back().size());
  }
  std::string row;
  for (size_t number = 0; number < line_count; ++number) {
    const auto piece_at = [&](size_t place) {
      return number < pieces[place].size() ? pieces[place][number] : std::string();
    };
    absl::StrAppend(&row, RenderLine(placed, terminal, piece_at, colour_of));
  }
  return row;
}

}  // namespace

void Table::AddRow(std::vector<Cell> cells) {
  if (cells.size() != columns_.size()) std::abort();  // Ours to get right.
  for (Cell& cell : cells) cell.text = Printable(cell.text);
  rows_.push_back(std::move(cells));
}

std::string Table::Render(const Terminal& terminal) const {
  std::vector<Placed> placed;
  for (size_t index = 0; index < columns_.size(); ++index) {
    const Column& column = columns_[index];
    int widest_cell = 0;
    for (const std::vector<Cell>& row : rows_) widest_cell = std::max(widest_cell, DisplayColumns(row[index].text));
    if (widest_cell == 0 && column.hide_if_empty) continue;
    placed.push_back({&column, index, std::max(widest_cell, DisplayColumns(column.title))});
  }
  std::vector<std::string> left_out;
  if (terminal.columns > 0) {
    LeaveOutOrnaments(placed, terminal.columns);
    left_out = LeaveOut(placed, terminal.columns);
    CutToFit(placed, terminal.columns);
  }

  std::string rendered = RenderRow(
      placed, terminal, [this](size_t index) -> const std::string& { return columns_[index].title; },
      [](size_t) { return Colour::kBold; });
  for (const std::vector<Cell>& row : rows_) {
    absl::StrAppend(&rendered,
                    RenderRow(
                        placed, terminal, [&row](size_t index) -> const std::string& { return row[index].text; },
                        [&row](size_t index) { return row[index].colour; }));
  }
  if (!left_out.empty()) {
    const std::string note = absl::StrCat("(no room for: ", absl::StrJoin(left_out, ", "), ")");
    absl::StrAppend(&rendered, Coloured(CutToColumns(note, terminal.columns), Colour::kDim, terminal), "\n");
  }
  return rendered;
}

}  // namespace muster::cli
