#include "tests/faults/sender_journal.h"

#include <fcntl.h>
#include <unistd.h>

#include <fstream>
#include <set>
#include <sstream>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/util/message_differencer.h"

namespace muster {
namespace {

constexpr const char* kMetrics[] = {"arrests", "charges", "stop-searches"};

// What a plain reader would add up.
struct Sums {
  std::map<std::string, int64_t> sum;
  std::map<std::string, int64_t> result_count;

  void Add(const v1::OperationResult& result) {
    for (const v1::Figure& figure : result.figures()) {
      sum[figure.metric()] += figure.value();
      ++result_count[figure.metric()];
    }
  }
};

}  // namespace

SenderJournal::SenderJournal(const std::string& file)
    : path_(file), file_(open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644)) {
  if (file_ < 0) throw std::runtime_error("no journal at " + file);
}

SenderJournal::~SenderJournal() { close(file_); }

void SenderJournal::Append(const std::string& lines) {
  if (write(file_, lines.data(), lines.size()) != static_cast<ssize_t>(lines.size()) || fdatasync(file_) != 0) {
    throw std::runtime_error("cannot write " + path_);
  }
}

void SenderJournal::Send(const std::vector<v1::OperationResult>& results) {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::string lines;
  for (const v1::OperationResult& result : results) {
    std::vector<Revision>& revisions = sent_[result.result_id()];
    if (result.revision() <= static_cast<int64_t>(revisions.size())) continue;
    revisions.emplace_back().result = result;
    absl::StrAppend(&lines, "sent ", absl::BytesToHexString(result.SerializeAsString()), "\n");
  }
  Append(lines);
}

void SenderJournal::Acknowledge(const std::vector<v1::OperationResult>& results,
                                const v1::StreamResultsResponse& answer) {
  const std::lock_guard<std::mutex> lock(mutex_);
  ASSERT_EQ(answer.receipts_size(), static_cast<int>(results.size()));
  std::string lines;
  for (int index = 0; index < answer.receipts_size(); ++index) {
    const v1::Receipt& receipt = answer.receipts(index);
    const v1::OperationResult& result = results[static_cast<size_t>(index)];
    ASSERT_EQ(receipt.result_id(), result.result_id());
    ASSERT_EQ(receipt.revision(), result.revision());
    Revision& revision = sent_[result.result_id()][static_cast<size_t>(result.revision() - 1)];
    const v1::Outcome fresh = result.retracted()       ? v1::OUTCOME_RETRACTED
                              : result.revision() == 1 ? v1::OUTCOME_ACCEPTED
                                                       : v1::OUTCOME_REVISED;
    if (revision.acknowledged) {
      EXPECT_EQ(receipt.outcome(), v1::OUTCOME_DUPLICATE) << "acknowledged before, and lost: " << receipt.DebugString();
      EXPECT_EQ(receipt.position(), revision.position) << receipt.DebugString();
      EXPECT_EQ(receipt.digest(), revision.digest) << receipt.DebugString();
      continue;
    }
    EXPECT_THAT(receipt.outcome(), testing::AnyOf(fresh, v1::OUTCOME_DUPLICATE)) << receipt.DebugString();
    EXPECT_GT(receipt.position(), 0);
    revision.acknowledged = true;
    revision.position = receipt.position();
    revision.digest = receipt.digest();
    absl::StrAppend(&lines, "acknowledged ", receipt.result_id(), " ", receipt.revision(), " ", receipt.position(), " ",
                    absl::BytesToHexString(receipt.digest()), "\n");
  }
  Append(lines);
  receipt_count_ += answer.receipts_size();
  changed_.notify_all();
}

bool SenderJournal::WaitForReceipts(int64_t count, std::chrono::milliseconds at_most) {
  std::unique_lock<std::mutex> lock(mutex_);
  return changed_.wait_for(lock, at_most, [&] { return receipt_count_ >= count; });
}

int64_t SenderJournal::receipt_count() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return receipt_count_;
}

SenderJournal::Revisions SenderJournal::ReadFile() const {
  Revisions read;
  std::ifstream in(path_);
  std::string word;
  while (in >> word) {
    if (word == "sent") {
      in >> word;
      v1::OperationResult result;
      EXPECT_TRUE(result.ParseFromString(absl::HexStringToBytes(word)));
      read[result.result_id()].emplace_back().result = result;
    } else {
      std::string id;
      size_t number = 0;
      int64_t position = 0;
      in >> id >> number >> position >> word;
      Revision& revision = read.at(id).at(number - 1);
      revision.acknowledged = true;
      revision.position = position;
      revision.digest = absl::HexStringToBytes(word);
    }
  }
  return read;
}

SenderJournal::Figures SenderJournal::Compare(Client& client, bool complete) const {
  Figures figures;
  const Revisions sent = ReadFile();
  std::map<std::string, v1::StoredResult> stored;
  std::set<int64_t> positions;
  v1::ListResultsRequest request;
  request.set_operation(kOctober2021);
  request.set_force("kent");
  request.set_page_size(1'000);
  v1::ListResultsResponse page;
  do {
    EXPECT_THAT(MUSTER_CALL(client, ingest, ListResults, request, &page), IsOkCall());
    for (const v1::StoredResult& result : page.results()) {
      if (!stored.emplace(result.result().result_id(), result).second) ++figures.twice;
      if (!positions.insert(result.receipt().position()).second) ++figures.twice;
    }
    request.set_page_token(page.next_page_token());
  } while (!page.next_page_token().empty());

  Sums journal_sums;
  int64_t logged_at_least = 0;
  for (const auto& [id, revisions] : sent) {
    ++figures.results;
    figures.revisions += static_cast<int64_t>(revisions.size());
    const Revision& newest = revisions.back();
    const int64_t acknowledged = static_cast<int64_t>(revisions.size()) - (newest.acknowledged ? 0 : 1);
    if (complete && !newest.acknowledged) ++figures.lost;
    journal_sums.Add(newest.result);
    const auto found = stored.find(id);
    const int64_t revision = found == stored.end() ? 0 : found->second.receipt().revision();
    logged_at_least += revision;
    if (revision < acknowledged) {
      ++figures.lost;
      continue;
    }
    if (revision == 0) continue;
    const v1::StoredResult& result = found->second;
    if (revision > static_cast<int64_t>(revisions.size())) {
      ++figures.wrong;
      continue;
    }
    const Revision& as_sent = revisions[static_cast<size_t>(revision - 1)];
    if (!google::protobuf::util::MessageDifferencer::Equals(result.result(), as_sent.result)) ++figures.wrong;
    if (as_sent.acknowledged &&
        (result.receipt().position() != as_sent.position || result.receipt().digest() != as_sent.digest)) {
      ++figures.lost;
    }
    // One by one as well, for a few.
    if (as_sent.position % 16 == 1) {
      v1::GetResultRequest get;
      get.set_operation(kOctober2021);
      get.set_force("kent");
      get.set_result_id(id);
      v1::GetResultResponse got;
      EXPECT_THAT(MUSTER_CALL(client, ingest, GetResult, get, &got), IsOkCall());
      if (got.result().SerializeAsString() != result.SerializeAsString()) ++figures.wrong;
    }
  }
  Sums stored_sums;
  for (const auto& [id, result] : stored) {
    if (!sent.contains(id)) ++figures.wrong;
    stored_sums.Add(result.result());
  }
  // Revisions of one result follow each other without a gap, so the log has as many entries as they say.
  figures.twice += std::max<int64_t>(client.Position() - logged_at_least, 0);
  figures.lost += std::max<int64_t>(logged_at_least - client.Position(), 0);

  Sums& want = complete ? journal_sums : stored_sums;
  for (const char* const metric : kMetrics) {
    const std::optional<v1::Total> total = client.TotalOf(kOctober2021, metric);
    const int64_t sum = total ? total->sum() : 0;
    const int64_t count = total ? total->result_count() : 0;
    if (sum != want.sum[metric] || count != want.result_count[metric]) {
      ADD_FAILURE() << metric << " is " << sum << " of " << count << ", must be " << want.sum[metric] << " of "
                    << want.result_count[metric];
      ++figures.wrong;
    }
  }
  const v1::VerifyTotalsResponse verified = client.Verify();
  EXPECT_EQ(verified.mismatch_count(), 0);
  EXPECT_EQ(verified.entry_count(), logged_at_least);
  EXPECT_EQ(figures.lost, 0);
  EXPECT_EQ(figures.twice, 0);
  EXPECT_EQ(figures.wrong, 0);
  return figures;
}

}  // namespace muster
