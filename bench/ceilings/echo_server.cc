// muster_bench_echo: the ceiling of unary calls. It answers SubmitResults and QueryTotals with the bytes of a file,
// whatever it is asked, and looks at nothing: what is left is gRPC. Prints "listening on ADDRESS" when it is ready.
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

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

class EchoIngest final : public IngestService::WithRawCallbackMethod_SubmitResults<IngestService::Service> {
 public:
  explicit EchoIngest(const grpc::ByteBuffer& answer) : answer_(answer) {}
  grpc::ServerUnaryReactor* SubmitResults(grpc::CallbackServerContext* context, const grpc::ByteBuffer* /*request*/,
                                          grpc::ByteBuffer* response) override {
    return Answer(context, answer_, response);
  }

 private:
  const grpc::ByteBuffer answer_;
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
  if (argc != 2) {
    std::cerr << "usage: muster_bench_echo FILE_OF_THE_ANSWER\n";
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

  EchoIngest ingest(answer);
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
  return EXIT_SUCCESS;
}
