#include "clients/cli/progress_bar.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "clients/cli/text.h"

namespace muster::cli {
namespace {

constexpr std::chrono::milliseconds kBetweenDrawings{100};
constexpr int kMaxBarColumns = 40;
// Below this a bar shows nothing that the numbers do not.
constexpr int kMinBarColumns = 8;

}  // namespace

std::string RenderProgress(absl::string_view what, int64_t done, int64_t total, int columns) {
  const int64_t percent = total == 0 ? 100 : done * 100 / total;
  const std::string numbers = absl::StrFormat("%3d%%  %s of %s", percent, WithThousands(done), WithThousands(total));
  // Beside the bar: two brackets and two gaps. The last column stays free, or some terminals begin a new line.
  const int left = columns - 1 - DisplayColumns(what) - DisplayColumns(numbers) - 4;
  const int bar = std::min(left, kMaxBarColumns);
  if (bar < kMinBarColumns) return absl::StrCat(what, " ", numbers);
  const auto filled = static_cast<size_t>(static_cast<int64_t>(bar) * percent / 100);
  return absl::StrCat(what, " [", std::string(filled, '#'), std::string(static_cast<size_t>(bar) - filled, '.'), "] ",
                      numbers);
}

ProgressBar::~ProgressBar() {
  if (last_drawn_.has_value()) out_ << "\r\x1b[K" << std::flush;
}

void ProgressBar::Show(int64_t done) {
  if (!terminal_.is_terminal) return;
  const auto now = std::chrono::steady_clock::now();
  if (last_drawn_.has_value() && now - *last_drawn_ < kBetweenDrawings) return;
  last_drawn_ = now;
  out_ << "\r" << RenderProgress(what_, done, total_, terminal_.columns) << "\x1b[K" << std::flush;
}

}  // namespace muster::cli
