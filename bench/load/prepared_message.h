// What is sent while something is measured: serialised before, so that sending takes little of the processors that are
// measured.
#ifndef MUSTER_BENCH_LOAD_PREPARED_MESSAGE_H_
#define MUSTER_BENCH_LOAD_PREPARED_MESSAGE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "bench/load/workload.h"
#include "grpcpp/support/byte_buffer.h"

namespace muster::bench {

// A message of results that is sent again and again, with new names each time; only these change in its bytes.
class PreparedMessage {
 public:
  // A Request is any message with the repeated field `results`. All results are of one sender.
  template <typename Request>
  static PreparedMessage Of(Workload& workload, int results) {
    Request request;
    const Workload::Sender sender = workload.AnySender();
    for (int index = 0; index < results; ++index) {
      v1::OperationResult* const result = request.add_results();
      *result = workload.Make(sender);
      FreshResultIds::Write(FreshResultIds::Take(1), result->mutable_result_id());
    }
    return {request.SerializeAsString(), request.results()};
  }

  // Thread-safe.
  grpc::ByteBuffer NamedAnew() const;

  // The sum of the serialised results.
  int64_t result_bytes() const { return result_bytes_; }

 private:
  PreparedMessage(std::string bytes, const google::protobuf::RepeatedPtrField<v1::OperationResult>& results);

  std::string bytes_;
  std::vector<size_t> names_;  // Where in the bytes the name of each result begins.
  int64_t result_bytes_ = 0;
};

}  // namespace muster::bench

#endif  // MUSTER_BENCH_LOAD_PREPARED_MESSAGE_H_
