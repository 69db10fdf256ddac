#include "bench/ceilings/rocksdb_writer.h"

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <random>
#include <stdexcept>
#include <thread>
#include <vector>

#include "bench/stopwatch.h"
#include "rocksdb/db.h"
#include "rocksdb/filter_policy.h"
#include "rocksdb/options.h"
#include "rocksdb/table.h"
#include "rocksdb/write_batch.h"

namespace muster::bench {
namespace {

constexpr int kBatchKeys = 1'000;
constexpr size_t kKeyBytes = 40;
constexpr size_t kValueBytes = 200;
constexpr size_t kMemtableBytes = 128 << 20;
constexpr double kBloomBits = 10;

// Fills bytes eight at a time; their number is a multiple of eight.
void FillRandom(std::mt19937_64& random, char* bytes, size_t size) {
  for (size_t offset = 0; offset < size; offset += sizeof(uint64_t)) {
    const uint64_t word = random();
    std::memcpy(bytes + offset, &word, sizeof(word));
  }
}

std::unique_ptr<rocksdb::DB> OpenNew(const std::string& folder) {
  rocksdb::BlockBasedTableOptions table;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(kBloomBits));
  rocksdb::Options options;
  options.create_if_missing = true;
  options.error_if_exists = true;
  options.compression = rocksdb::kLZ4Compression;
  options.write_buffer_size = kMemtableBytes;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  rocksdb::DB* database = nullptr;
  const rocksdb::Status status = rocksdb::DB::Open(options, folder, &database);
  if (!status.ok()) throw std::runtime_error("RocksDB: " + status.ToString());
  return std::unique_ptr<rocksdb::DB>(database);
}

}  // namespace

double RocksDbKeysPerSecond(const std::string& folder, int threads, double warm_up_seconds, double seconds) {
  const std::unique_ptr<rocksdb::DB> database = OpenNew(folder);
  std::atomic<bool> stop{false};
  std::atomic<int64_t> written{0};
  std::mutex mutex;
  std::string failure;  // Guarded by mutex.

  const auto write = [&](uint64_t seed) {
    std::mt19937_64 random(seed);
    std::array<char, kKeyBytes> key{};
    std::array<char, kValueBytes> value{};  // The other half stays zero.
    rocksdb::WriteBatch batch;
    rocksdb::WriteOptions options;
    options.sync = true;
    while (!stop.load(std::memory_order_relaxed)) {
      batch.Clear();
      for (int index = 0; index < kBatchKeys; ++index) {
        FillRandom(random, key.data(), key.size());
        FillRandom(random, value.data(), value.size() / 2 / sizeof(uint64_t) * sizeof(uint64_t));
        batch.Put({key.data(), key.size()}, {value.data(), value.size()});
      }
      const rocksdb::Status status = database->Write(options, &batch);
      if (!status.ok()) {
        const std::lock_guard<std::mutex> lock(mutex);
        failure = status.ToString();
        return;
      }
      written.fetch_add(kBatchKeys, std::memory_order_relaxed);
    }
  };
  std::vector<std::thread> writers;
  writers.reserve(static_cast<size_t>(threads));
  for (int thread = 0; thread < threads; ++thread) writers.emplace_back(write, thread + 1);
  std::this_thread::sleep_for(std::chrono::duration<double>(warm_up_seconds));
  const int64_t before = written.load();
  const Stopwatch stopwatch;
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  const double rate = static_cast<double>(written.load() - before) / stopwatch.Seconds();
  stop = true;
  for (std::thread& writer : writers) writer.join();
  if (!failure.empty()) throw std::runtime_error("RocksDB: " + failure);
  return rate;
}

}  // namespace muster::bench
