// A file that somebody submits as JSON: whatever is in it, it is read as results or complained about; and what was read
// without complaint and is written again reads the same.
#include <cstddef>
#include <cstdint>
#include <string>

#include "clients/cli/json_results.h"
#include "domain/check.h"
#include "google/protobuf/util/json_util.h"
#include "google/protobuf/util/message_differencer.h"
#include "muster/v1/ingest_service.pb.h"

using muster::cli::FileProblem;
using muster::cli::ResultsFile;

namespace {

// For a line or a few: however long what is wrong may be, it is cut.
constexpr size_t kMaxProblemBytes = 1'000;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const ResultsFile file = muster::cli::ReadResultsJson({reinterpret_cast<const char*>(data), size});
  MUSTER_CHECK(file.results.size() == file.sources.size());
  for (const FileProblem& problem : file.problems) {
    MUSTER_CHECK(!problem.text.empty() && problem.Text().size() <= kMaxProblemBytes);
  }
  muster::v1::SubmitResultsRequest request;
  for (const muster::v1::OperationResult& result : file.results) *request.add_results() = result;
  muster::v1::SubmitResultsRequest read;
  MUSTER_CHECK(read.ParseFromString(request.SerializeAsString()));  // Every result fits a message.
  if (!file.problems.empty() || file.results.empty()) return 0;

  std::string json;
  MUSTER_CHECK(google::protobuf::util::MessageToJsonString(request, &json).ok());
  const ResultsFile again = muster::cli::ReadResultsJson(json);
  MUSTER_CHECK(again.problems.empty());
  MUSTER_CHECK(again.results.size() == file.results.size());
  for (size_t index = 0; index < file.results.size(); ++index) {
    MUSTER_CHECK(google::protobuf::util::MessageDifferencer::Equivalent(again.results[index], file.results[index]));
  }
  return 0;
}
