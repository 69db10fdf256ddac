// Batches of rows that are made before anything is measured, and sent again and again under new names.
#ifndef MUSTER_BENCH_PEERS_PREPARED_ROWS_H_
#define MUSTER_BENCH_PEERS_PREPARED_ROWS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "bench/peers/figure_rows.h"

namespace muster::bench {

inline constexpr int kResultsPerBatch = 1'000;

// Gives each result of a batch a new name.
void NameAnew(std::vector<FigureRow>* rows);

inline constexpr int64_t kCorrectedRevision = 2;  // What is sent first is revision 1.

// The same rows under that revision, with other values.
std::vector<FigureRow> Corrected(std::vector<FigureRow> rows);

// A batch as lines of text, in which names can be changed where they stand.
class PreparedText {
 public:
  // `names` as for AppendText.
  PreparedText(const std::vector<FigureRow>& rows, char separator, const std::string& absent,
               const FigureRows* names = nullptr);

  void NameAnew();
  const std::string& text() const { return text_; }
  int64_t row_count() const { return static_cast<int64_t>(places_.size()); }

 private:
  std::string text_;
  std::vector<size_t> places_;  // Where the name of each row starts.
};

}  // namespace muster::bench

#endif  // MUSTER_BENCH_PEERS_PREPARED_ROWS_H_
