#include "bench/ceilings/rocksdb_writer.h"

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <stdexcept>

#include "bench/rate.h"
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
constexpr size_t kRandomValueBytes = 104;
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

// Writes one batch after the other, each of new keys.
class Writer {
 public:
  Writer(rocksdb::DB* database, uint64_t seed) : database_(database), random_(seed) { options_.sync = true; }

  int64_t WriteBatch() {
    batch_.Clear();
    for (int index = 0; index < kBatchKeys; ++index) {
      FillRandom(random_, key_.data(), key_.size());
      FillRandom(random_, value_.data(), kRandomValueBytes);
      batch_.Put({key_.data(), key_.size()}, {value_.data(), value_.size()});
    }
    const rocksdb::Status status = database_->Write(options_, &batch_);
    if (!status.ok()) throw std::runtime_error("RocksDB: " + status.ToString());
    return kBatchKeys;
  }

 private:
  rocksdb::DB* const database_;
  std::mt19937_64 random_;
  std::array<char, kKeyBytes> key_{};
  std::array<char, kValueBytes> value_{};  // The second half stays zero.
  rocksdb::WriteBatch batch_;
  rocksdb::WriteOptions options_;
};

}  // namespace

double RocksDbKeysPerSecond(const std::string& folder, int threads, double warm_up_seconds, double seconds) {
  const std::unique_ptr<rocksdb::DB> database = OpenNew(folder);
  return MeasureRate(threads, warm_up_seconds, seconds, [&](int thread) -> Worker {
    const auto writer = std::make_shared<Writer>(database.get(), static_cast<uint64_t>(thread) + 1);
    return [writer] { return writer->WriteBatch(); };
  });
}

}  // namespace muster::bench
