// Runs a fuzz target on files: the seeds, and what was ever found. For builds without libFuzzer, and so for every
// build.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

// Runs one input in memory of exactly its size, so that a sanitizer sees what reads on.
void Run(const std::string& text) {
  const std::vector<uint8_t> bytes(text.begin(), text.end());
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

}  // namespace

// Arguments are files and folders. What breaks a promise ends the process after its name was printed.
int main(int argc, char** argv) {
  std::vector<std::filesystem::path> files;
  for (int index = 1; index < argc; ++index) {
    if (!std::filesystem::is_directory(argv[index])) {
      files.emplace_back(argv[index]);
      continue;
    }
    for (const auto& entry : std::filesystem::directory_iterator(argv[index])) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  for (const std::filesystem::path& file : files) {
    std::ifstream in(file, std::ios::binary);
    const std::string text(std::istreambuf_iterator<char>(in), {});
    if (!in.is_open() || text.empty()) {
      std::fprintf(stderr, "%s cannot be read, or is empty\n", file.c_str());
      return 1;
    }
    std::printf("%s\n", file.c_str());
    std::fflush(stdout);
    Run(text);
    // What is cut off: the commonest way to be no input of the kind.
    constexpr size_t kCuts = 16;
    for (size_t cut = 0; cut < kCuts; ++cut) Run(text.substr(0, text.size() * cut / kCuts));
  }
  std::printf("%zu files\n", files.size());
  return files.empty() ? 1 : 0;
}
