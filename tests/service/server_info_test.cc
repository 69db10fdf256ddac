// What a server says of itself.
#include <chrono>

#include "service/server.h"
#include "tests/service/server_fixture.h"

namespace muster {
namespace {

using testing::MatchesRegex;

int64_t NowMicros() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

using ServerInfoTest = ServerTest;

TEST_F(ServerInfoTest, IsItsVersionItsClockAndTheEndOfItsLog) {
  client().SubmitOne(MakeResult("r1", 1, 7));
  const int64_t before = NowMicros();
  v1::GetServerInfoResponse info;
  ASSERT_THAT(MUSTER_CALL(client(), store, GetServerInfo, v1::GetServerInfoRequest(), &info), IsOkCall());
  const int64_t after = NowMicros();
  EXPECT_THAT(info.version(), MatchesRegex("[0-9]+\\.[0-9]+\\.[0-9]+"));
  EXPECT_EQ(info.position(), 1);
  const int64_t time = info.time().seconds() * 1'000'000 + info.time().nanos() / 1'000;
  EXPECT_GE(time, before);
  EXPECT_LE(time, after);
}

}  // namespace
}  // namespace muster
