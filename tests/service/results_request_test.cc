#include "service/results_request.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/v1/ingest_service.pb.h"

namespace muster {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

grpc::ByteBuffer BufferOf(const std::vector<std::string>& pieces) {
  std::vector<grpc::Slice> slices;
  slices.reserve(pieces.size());
  for (const std::string& piece : pieces) slices.emplace_back(piece);
  return grpc::ByteBuffer(slices.data(), slices.size());
}

v1::StreamResultsRequest ThreeResults() {
  v1::StreamResultsRequest request;
  request.set_validate_only(true);
  for (const char* const id : {"a", "b", ""}) {
    v1::OperationResult& result = *request.add_results();
    result.set_result_id(id);
    result.set_revision(7);
    result.add_figures()->set_metric("arrests");
  }
  *request.add_results() = {};  // Of no bytes at all.
  return request;
}

void ExpectResultsOf(const v1::StreamResultsRequest& request, const ResultsRequestReader& reader) {
  ASSERT_THAT(reader.results(), SizeIs(static_cast<size_t>(request.results_size())));
  for (int index = 0; index < request.results_size(); ++index) {
    EXPECT_EQ(reader.results()[static_cast<size_t>(index)], request.results(index).SerializeAsString()) << index;
  }
}

TEST(ResultsRequestTest, FindsEveryResultInWhateverPiecesTheMessageComes) {
  const v1::StreamResultsRequest request = ThreeResults();
  const std::string bytes = request.SerializeAsString();
  ResultsRequestReader reader;
  for (size_t cut = 0; cut <= bytes.size(); ++cut) {
    grpc::ByteBuffer buffer = BufferOf({bytes.substr(0, cut), bytes.substr(cut)});
    v1::StreamResultsRequest read;
    ASSERT_TRUE(reader.Read(&buffer, &read)) << "cut at " << cut;
    EXPECT_EQ(read.SerializeAsString(), bytes);
    ExpectResultsOf(request, reader);
    EXPECT_FALSE(buffer.Valid()) << "it is used up";
  }
}

TEST(ResultsRequestTest, FieldsBetweenResultsAreSteppedOver) {
  v1::StreamResultsRequest first;
  first.add_results()->set_result_id("a");
  v1::StreamResultsRequest second;
  second.add_results()->set_result_id("b");
  second.set_validate_only(true);
  // A field that nobody knows, of the number 99, which is a text that looks like a result.
  const std::string unknown("\x9a\x06\x03\x0a\x01z", 6);
  grpc::ByteBuffer buffer = BufferOf({first.SerializeAsString() + unknown + second.SerializeAsString()});
  v1::StreamResultsRequest read;
  ResultsRequestReader reader;
  ASSERT_TRUE(reader.Read(&buffer, &read));
  first.MergeFrom(second);
  ExpectResultsOf(first, reader);
}

TEST(ResultsRequestTest, WhatIsCutShortIsNoMessage) {
  const v1::StreamResultsRequest request = ThreeResults();
  const std::string bytes = request.SerializeAsString();
  ResultsRequestReader reader;
  v1::StreamResultsRequest read;
  // Within the first result, of which neither the length nor the rest fits.
  for (size_t size = 1; size < request.results(0).ByteSizeLong() + 2; ++size) {
    grpc::ByteBuffer buffer = BufferOf({bytes.substr(0, size)});
    EXPECT_FALSE(reader.Read(&buffer, &read)) << size;
  }
  grpc::ByteBuffer none;
  EXPECT_FALSE(reader.Read(&none, &read));
}

TEST(ResultsRequestTest, NothingIsLeftOfTheRequestBefore) {
  const v1::StreamResultsRequest request = ThreeResults();
  ResultsRequestReader reader;
  v1::StreamResultsRequest read;
  grpc::ByteBuffer buffer = BufferOf({request.SerializeAsString()});
  ASSERT_TRUE(reader.Read(&buffer, &read));
  grpc::ByteBuffer empty = BufferOf({""});
  ASSERT_TRUE(reader.Read(&empty, &read)) << "a message without fields has no bytes";
  EXPECT_THAT(reader.results(), IsEmpty());
  EXPECT_EQ(read.results_size(), 0);
}

}  // namespace
}  // namespace muster
