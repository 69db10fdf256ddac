// Not part of what ships: only programs with failpoints compile it.
#include "storage/failpoint.h"

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace muster {
namespace {

struct Wanted {
  std::string name;
  int nth = 0;
};

// A name that does not exist would be a test that tests nothing.
[[noreturn]] void Refuse(const char* text) {
  std::fprintf(stderr, "MUSTER_FAILPOINT=%s: must be NAME:N, with a name of kFailpoints and N from 1\n", text);
  std::_Exit(2);
}

Wanted ReadWanted() {
  const char* const text = std::getenv("MUSTER_FAILPOINT");
  if (text == nullptr) return {};
  const std::string words = text;
  const size_t colon = words.rfind(':');
  if (colon == std::string::npos) Refuse(text);
  Wanted wanted{words.substr(0, colon), std::atoi(words.c_str() + colon + 1)};
  if (!IsFailpoint(wanted.name) || wanted.nth < 1) Refuse(text);
  return wanted;
}

}  // namespace

void HitFailpoint(std::string_view name) {
  static const Wanted wanted = ReadWanted();
  static std::atomic<int> hits{0};
  if (name != wanted.name || ++hits != wanted.nth) return;
  kill(getpid(), SIGKILL);
  while (true) pause();  // Not one step further.
}

}  // namespace muster
