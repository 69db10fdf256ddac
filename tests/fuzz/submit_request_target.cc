// The bytes of one SubmitResults request: decoded, validated, decided, written and applied; and sent again.
#include <cstddef>
#include <cstdint>
#include <string>

#include "muster/v1/ingest_service.pb.h"
#include "tests/fuzz/fuzzed_server.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  // Most of what a fuzzer makes is no message: that needs no server.
  if (muster::v1::SubmitResultsRequest request; !request.ParseFromString(bytes)) return 0;
  muster::fuzz::FuzzedServer server;
  if (!server.TakeBytes(bytes)) return 0;
  server.TakeBytes(bytes);
  server.CheckLaws();
  return 0;
}
