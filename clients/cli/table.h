// Tables for people.
#ifndef MUSTER_CLIENTS_CLI_TABLE_H_
#define MUSTER_CLIENTS_CLI_TABLE_H_

#include <string>
#include <utility>
#include <vector>

#include "clients/cli/terminal.h"

namespace muster::cli {

struct Column {
  std::string title;
  bool right_aligned = false;  // For numbers.
  bool may_be_cut = true;      // If the line is too long. Never for a number: a part of one is another number.
  bool cut_last = false;       // Only when the others have given what they can.
  bool wraps = false;          // Cut into lines of its own, where nothing may be lost, instead of cut short.
  bool hide_if_empty = false;  // Left out where no row has anything in it.
  bool dispensable = false;    // Left out, and named below the table, where cutting does not make the line fit.
  bool ornament = false;       // Left out, and not named, where it does not fit unless others are cut for it.
  int gap = 2;                 // Spaces before it, unless it is the first.
};

struct Cell {
  Cell(std::string cell_text, Colour cell_colour = Colour::kNone)  // NOLINT: text is a cell.
      : text(std::move(cell_text)), colour(cell_colour) {}
  Cell(const char* cell_text) : Cell(std::string(cell_text)) {}  // NOLINT: text is a cell.

  std::string text;
  Colour colour;
};

// Rows under their titles. Columns are as wide as they need to be; on a terminal, the widest of those that may be
// cut give way until the line fits, and end in "…". Where that is not enough, dispensable columns go, the last first.
class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // One cell for each column.
  void AddRow(std::vector<Cell> cells);
  bool empty() const { return rows_.empty(); }

  // Ends in a line feed; no line ends in spaces.
  std::string Render(const Terminal& terminal) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace muster::cli

#endif  // MUSTER_CLIENTS_CLI_TABLE_H_
