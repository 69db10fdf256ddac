// muster_bench_echo: the ceiling of unary calls. It answers SubmitResults and QueryTotals with the bytes of a file,
// whatever it is asked, and looks at nothing: what is left is gRPC. With a second file it writes the bytes of each
// SubmitResults there first, and answers once they would survive a power cut, as many at a time as there are: what is
// left then is gRPC and the disk. Prints "listening on ADDRESS" when it is ready.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <iterator>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "grpcpp/grpcpp.h"
#include "muster/v1/ingest_service.grpc.pb.h"
#include "muster/v1/totals_service.grpc.pb.h"

namespace {

using muster::v1::IngestService;
using muster::v1::TotalsService;

grpc::ServerUnaryReactor* Answer(grpc::CallbackServerContext* context, const grpc::ByteBuffer& answer,
                                 grpc::ByteBuffer* response) {
  *response = answer;  // Shares its slices.
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  reactor->Finish(grpc::Status::OK);
  return reactor;
}

// Appends to a file what comes, and syncs it in groups.
class SyncedFile {
 public:
  // Exits where it cannot be written.
  explicit SyncedFile(const char* name) : descriptor_(open(name, O_WRONLY | O_CREAT | O_TRUNC, S_IRUSR | S_IWUSR)) {
    if (descriptor_ < 0) Die("open");
    // As RocksDB does with its log.
    if (fallocate(descriptor_, FALLOC_FL_KEEP_SIZE, 0, kAllocatedBytes) != 0) Die("fallocate");
    std::thread([this] { Run(); }).detach();  // Until the process ends.
  }

  // Calls `synced` once the bytes would survive a power cut.
  void Append(const grpc::ByteBuffer& bytes, std::function<void()> synced) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      waiting_.push_back({bytes, std::move(synced)});
    }
    changed_.notify_one();
  }

 private:
  static constexpr off_t kAllocatedBytes = off_t{256} << 20;

  struct Waiting {
    grpc::ByteBuffer bytes;
    std::function<void()> synced;
  };

  static void Die(const char* what) {
    std::perror(what);
    std::_Exit(EXIT_FAILURE);
  }

  void Run() {
    std::string bytes;
    while (true) {
      std::vector<Waiting> group;
      {
        std::unique_lock<std::mutex> lock(mutex_);
        changed_.wait(lock, [this] { return !waiting_.empty(); });
        group.swap(waiting_);
      }
      bytes.clear();
      for (const Waiting& one : group) {
        std::vector<grpc::Slice> slices;
        one.bytes.Dump(&slices);
        for (const grpc::Slice& slice : slices)
          bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
      }
      if (write(descriptor_, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) Die("write");
      if (fdatasync(descriptor_) != 0) Die("fdatasync");
      for (const Waiting& one : group) one.synced();
    }
  }

  const int descriptor_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Waiting> waiting_;  // Guarded by mutex_.
};

class EchoIngest final : public IngestService::WithRawCallbackMethod_SubmitResults<IngestService::Service> {
 public:
  // `file` is nullptr where nothing is written.
  EchoIngest(const grpc::ByteBuffer& answer, SyncedFile* file) : answer_(answer), file_(file) {}
  grpc::ServerUnaryReactor* SubmitResults(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                          grpc::ByteBuffer* response) override {
    if (file_ == nullptr) return Answer(context, answer_, response);
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    file_->Append(*request, [this, reactor, response] {
      *response = answer_;
      reactor->Finish(grpc::Status::OK);
    });
    return reactor;
  }

 private:
  const grpc::ByteBuffer answer_;
  SyncedFile* const file_;
};

class EchoTotals final : public TotalsService::WithRawCallbackMethod_QueryTotals<TotalsService::Service> {
 public:
  explicit EchoTotals(const grpc::ByteBuffer& answer) : answer_(answer) {}
  grpc::ServerUnaryReactor* QueryTotals(grpc::CallbackServerContext* context, const grpc::ByteBuffer* /*request*/,
                                        grpc::ByteBuffer* response) override {
    return Answer(context, answer_, response);
  }

 private:
  const grpc::ByteBuffer answer_;
};

}  // namespace

int main(int argc, char** argv) {
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);  // As in musterd.
  if (argc != 2 && argc != 3) {
    std::cerr << "usage: muster_bench_echo FILE_OF_THE_ANSWER [FILE_TO_WRITE]\n";
    return EXIT_FAILURE;
  }
  std::ifstream in(argv[1], std::ios::binary);
  const std::string bytes(std::istreambuf_iterator<char>(in), {});
  if (!in) {
    std::cerr << "cannot read " << argv[1] << "\n";
    return EXIT_FAILURE;
  }
  const grpc::Slice slice(bytes);
  const grpc::ByteBuffer answer(&slice, 1);

  sigset_t stop_signals;
  sigemptyset(&stop_signals);
  sigaddset(&stop_signals, SIGTERM);
  sigaddset(&stop_signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &stop_signals, nullptr);

  std::unique_ptr<SyncedFile> file;
  if (argc == 3) file = std::make_unique<SyncedFile>(argv[2]);
  EchoIngest ingest(answer, file.get());
  EchoTotals totals(answer);
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&ingest);
  builder.RegisterService(&totals);
  const auto server = builder.BuildAndStart();
  if (server == nullptr || port == 0) {
    std::cerr << "cannot listen\n";
    return EXIT_FAILURE;
  }
  std::cout << "listening on 127.0.0.1:" << port << std::endl;
  int number = 0;
  sigwait(&stop_signals, &number);
  server->Shutdown(std::chrono::system_clock::now());
  std::_Exit(EXIT_SUCCESS);  // The thread of the file has no end.
}
