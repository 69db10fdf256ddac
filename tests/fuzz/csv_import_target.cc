// A file that somebody submits as CSV: whatever is in it, it is read as results or complained about; and what was read
// without complaint and is written again reads the same.
#include <cstddef>
#include <cstdint>
#include <string>

#include "clients/cli/csv_results.h"
#include "clients/cli/text.h"
#include "domain/check.h"
#include "google/protobuf/util/message_differencer.h"

using muster::cli::FileProblem;
using muster::cli::ResultsFile;

namespace {

// For a line or a few: however long what is wrong may be, it is cut.
constexpr size_t kMaxProblemBytes = 1'000;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const ResultsFile file = muster::cli::ReadResultsCsv({reinterpret_cast<const char*>(data), size});
  MUSTER_CHECK(file.results.size() == file.sources.size());
  for (const FileProblem& problem : file.problems) {
    MUSTER_CHECK(!problem.text.empty() && problem.Text().size() <= kMaxProblemBytes);
    // What stands in somebody's file must not move the cursor of who reads the complaint.
    MUSTER_CHECK(muster::cli::Printable(problem.Text()) == problem.Text());
  }
  for (size_t index = 0; index < file.results.size(); ++index) {
    const muster::v1::OperationResult& result = file.results[index];
    // Every result fits a message.
    muster::v1::OperationResult read;
    MUSTER_CHECK(read.ParseFromString(result.SerializeAsString()));
    for (int figure = 0; figure < result.figures_size(); ++figure) {
      MUSTER_CHECK(!file.PlaceOf(index, "figures[" + std::to_string(figure) + "].unit").text.empty());
    }
  }
  if (!file.problems.empty()) return 0;

  const ResultsFile again = muster::cli::ReadResultsCsv(muster::cli::WriteResultsCsv(file.results));
  MUSTER_CHECK(again.problems.empty());
  MUSTER_CHECK(again.results.size() == file.results.size());
  for (size_t index = 0; index < file.results.size(); ++index) {
    MUSTER_CHECK(google::protobuf::util::MessageDifferencer::Equivalent(again.results[index], file.results[index]));
  }
  return 0;
}
