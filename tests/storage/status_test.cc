#include "storage/status.h"

#include <ostream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rocksdb/status.h"

namespace muster {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

struct TranslationCase {
  std::string name;
  rocksdb::Status status;
  absl::StatusCode want;
  friend void PrintTo(const TranslationCase& row, std::ostream* out) { *out << row.name; }
};

class FromRocksDbTranslates : public testing::TestWithParam<TranslationCase> {};

TEST_P(FromRocksDbTranslates, TheCodeAndKeepsTheText) {
  const absl::Status status = FromRocksDb(GetParam().status, "read the log");
  EXPECT_EQ(status.code(), GetParam().want) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("cannot read the log"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("000012.sst"));
}

INSTANTIATE_TEST_SUITE_P(
    Codes, FromRocksDbTranslates,
    testing::ValuesIn<TranslationCase>({
        {"Corruption", rocksdb::Status::Corruption("checksum mismatch in 000012.sst"), absl::StatusCode::kDataLoss},
        // What opening a database makes of table files that are there or not.
        {"TableFileRefused",
         rocksdb::Status::Corruption("Can't access /000012.sst: IO error: While pread: Input/output error\n"),
         absl::StatusCode::kUnavailable},
        {"TableFileMissing",
         rocksdb::Status::Corruption("Can't access /000012.sst: IO error: No such file or directory: While open\n"),
         absl::StatusCode::kDataLoss},
        {"TableFilesMissingAndRefused",
         rocksdb::Status::Corruption("Can't access /000012.sst: IO error: No such file or directory: While open\n"
                                     "Can't access /000013.sst: IO error: While pread: Input/output error\n"),
         absl::StatusCode::kDataLoss},
        {"TableFileTooShort", rocksdb::Status::Corruption("Can't access /000012.sst: Corruption: file is too short\n"),
         absl::StatusCode::kDataLoss},
        {"FileMissing", rocksdb::Status::PathNotFound("000012.sst"), absl::StatusCode::kDataLoss},
        {"NoSpace", rocksdb::Status::NoSpace("000012.sst"), absl::StatusCode::kResourceExhausted},
        {"SpaceLimit", rocksdb::Status::SpaceLimit("000012.sst"), absl::StatusCode::kResourceExhausted},
        {"InputOutput", rocksdb::Status::IOError("000012.sst"), absl::StatusCode::kUnavailable},
        {"LockOfAnotherProcess", rocksdb::Status::IOError("While lock file: 000012.sst", "again"),
         absl::StatusCode::kFailedPrecondition},
        {"Busy", rocksdb::Status::Busy("000012.sst"), absl::StatusCode::kFailedPrecondition},
        {"NotFound", rocksdb::Status::NotFound("000012.sst"), absl::StatusCode::kInternal},
        {"InvalidArgument", rocksdb::Status::InvalidArgument("000012.sst"), absl::StatusCode::kInternal},
    }),
    [](const auto& row) { return row.param.name; });

TEST(StatusTest, OkStaysOk) { EXPECT_TRUE(FromRocksDb(rocksdb::Status::OK(), "read").ok()); }

TEST(StatusTest, DataLossEndsInHowToMendIt) {
  EXPECT_THAT(std::string(FromRocksDb(rocksdb::Status::Corruption(""), "read").message()),
              EndsWith(std::string(kMendStore)));
  EXPECT_THAT(std::string(DataLossAt("the log", "it has a hole").message()),
              testing::AllOf(HasSubstr("the log is damaged: it has a hole"), EndsWith(std::string(kMendStore))));
  EXPECT_THAT(std::string(DataLossAt("the checkpoint", "it is cut off", kMendCheckpoint).message()),
              EndsWith(std::string(kMendCheckpoint)));
}

}  // namespace
}  // namespace muster
