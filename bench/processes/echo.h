// The bare gRPC server that real answers are held against.
#ifndef MUSTER_BENCH_PROCESSES_ECHO_H_
#define MUSTER_BENCH_PROCESSES_ECHO_H_

#include <memory>
#include <string>

#include "bench/processes/temporary_folder.h"
#include "tests/service/child_process.h"

namespace muster::bench {

// A process of its own that answers every call with `answer`; killed when this object goes.
class Echo {
 public:
  // kSynced: what is submitted is written to a file and synced before it is answered.
  enum class Writes { kNothing, kSynced };

  // `parent` is a folder for its files.
  Echo(const std::string& parent, const std::string& answer, Writes writes = Writes::kNothing);

  const std::string& address() const { return address_; }

 private:
  const TemporaryFolder folder_;
  std::unique_ptr<ChildProcess> process_;
  std::string address_;
};

}  // namespace muster::bench

#endif  // MUSTER_BENCH_PROCESSES_ECHO_H_
