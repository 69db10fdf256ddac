// How far a long submission has got, on a terminal.
#ifndef MUSTER_CLIENTS_CLI_PROGRESS_BAR_H_
#define MUSTER_CLIENTS_CLI_PROGRESS_BAR_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string>

#include "absl/strings/string_view.h"
#include "clients/cli/terminal.h"

namespace muster::cli {

// "Submitting [#####.....]  50%  5,000 of 10,000", at most `columns` wide.
std::string RenderProgress(absl::string_view what, int64_t done, int64_t total, int columns);

// Draws over its own line and wipes it at the end. Does nothing where it is no terminal.
class ProgressBar {
 public:
  // `out` is not owned and must outlive this object.
  ProgressBar(std::string what, int64_t total, const Terminal& terminal, std::ostream& out)
      : what_(std::move(what)), total_(total), terminal_(terminal), out_(out) {}
  ~ProgressBar();

  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  // Draws, unless that was done a moment ago.
  void Show(int64_t done);

 private:
  const std::string what_;
  const int64_t total_;
  const Terminal terminal_;
  std::ostream& out_;
  std::optional<std::chrono::steady_clock::time_point> last_drawn_;
};

}  // namespace muster::cli

#endif  // MUSTER_CLIENTS_CLI_PROGRESS_BAR_H_
