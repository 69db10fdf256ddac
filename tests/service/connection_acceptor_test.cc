// Which connections are passed on, and which are closed.
#include "service/connection_acceptor.h"

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "service/listening_sockets.h"
#include "tests/service/raw_http2.h"

namespace muster {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

constexpr ConnectionAcceptorLimits kLimits = {.first_bytes = 24,
                                              .patience = hours(1),
                                              .max_silent = 4,
                                              .max_silent_of_address = 3,
                                              .max_descriptor = 1'000,
                                              .no_descriptor_pause = milliseconds(1),
                                              .tell_interval = milliseconds(0)};

class ConnectionAcceptorTest : public testing::Test {
 protected:
  void Start(const ConnectionAcceptorLimits& limits) {
    absl::StatusOr<std::unique_ptr<ListeningSockets>> sockets = ListeningSockets::Open("127.0.0.1", 0);
    ASSERT_TRUE(sockets.ok()) << sockets.status();
    sockets_ = *std::move(sockets);
    acceptor_ = std::make_unique<ConnectionAcceptor>(
        *sockets_, limits, held_back_,
        [this](int /*listener*/, int connection) {
          ++passed_on_;
          ::close(connection);  // So the other end knows.
        },
        [this](const ClosedConnections& closed) {
          silent_ += closed.silent;
          crowded_ += closed.crowded;
        });
  }
  ~ConnectionAcceptorTest() override { Stop(); }

  std::unique_ptr<RawConnection> Connect() const {
    return std::make_unique<RawConnection>(absl::StrCat("127.0.0.1:", sockets_->port()));
  }
  // After which all has been told of those that were closed.
  void Stop() { acceptor_.reset(); }
  static void ExpectClosed(RawConnection& connection) {
    connection.ReadToTheEnd();
    EXPECT_TRUE(connection.IsClosed());
  }

  const std::shared_ptr<HeldBack> held_back_ = std::make_shared<HeldBack>(hours(1));
  std::unique_ptr<ListeningSockets> sockets_;
  std::unique_ptr<ConnectionAcceptor> acceptor_;
  std::atomic<int> passed_on_ = 0;
  std::atomic<int> silent_ = 0;
  std::atomic<int> crowded_ = 0;
};

TEST_F(ConnectionAcceptorTest, OneThatSpeaksIsPassedOnAndNoOther) {
  Start(kLimits);
  const auto silent = Connect();
  const auto speaking = Connect();
  speaking->Begin();
  speaking->Flush();
  ExpectClosed(*speaking);
  Stop();
  EXPECT_EQ(passed_on_, 1);
  EXPECT_EQ(silent_ + crowded_, 0);
}

const std::string kLoopback("\x7f\0\0\x01", 4);

TEST_F(ConnectionAcceptorTest, OneThatIsHeldBackWaitsAndThenIsPassedOn) {
  Start(kLimits);
  held_back_->Add(kLoopback, HeldBack::Clock::now() - hours(1) + milliseconds(50));
  const auto begin = HeldBack::Clock::now();
  const auto speaking = Connect();
  speaking->Begin();
  speaking->Flush();
  ExpectClosed(*speaking);
  EXPECT_EQ(passed_on_, 1);
  EXPECT_GE(HeldBack::Clock::now() - begin, milliseconds(40));
}

TEST_F(ConnectionAcceptorTest, OneThatIsHeldBackMakesRoomAsOthersDo) {
  Start(kLimits);
  held_back_->Add(kLoopback, HeldBack::Clock::now());
  std::vector<std::unique_ptr<RawConnection>> held_back;
  for (size_t connection = 0; connection <= kLimits.max_silent_of_address; ++connection) {
    held_back.push_back(Connect());
    held_back.back()->Begin();
    held_back.back()->Flush();
  }
  ExpectClosed(*held_back.front());
  EXPECT_EQ(passed_on_, 0);
}

TEST(HeldBackTest, AnAddressIsHeldBackForAsLongAsThePause) {
  HeldBack held_back(hours(1));
  const auto now = HeldBack::Clock::now();
  held_back.Add("a", now);
  EXPECT_EQ(held_back.Until("a"), now + hours(1));
  EXPECT_LT(held_back.Until("b"), now);
  held_back.Add("b", now + hours(2));
  EXPECT_LT(held_back.Until("a"), now);
}

TEST_F(ConnectionAcceptorTest, OneThatGoesWithoutAWordIsForgotten) {
  Start(kLimits);
  for (int connection = 0; connection < 100; ++connection) Connect();
  const auto speaking = Connect();
  speaking->Begin();
  speaking->Flush();
  ExpectClosed(*speaking);
  EXPECT_EQ(passed_on_, 1);
}

TEST_F(ConnectionAcceptorTest, TheOldestOfAnAddressMakesRoom) {
  Start(kLimits);
  std::vector<std::unique_ptr<RawConnection>> silent;
  for (size_t connection = 0; connection <= kLimits.max_silent_of_address; ++connection) silent.push_back(Connect());
  ExpectClosed(*silent.front());
  // The next one is still waited for.
  silent[1]->Begin();
  silent[1]->Flush();
  ExpectClosed(*silent[1]);
  Stop();
  EXPECT_EQ(passed_on_, 1);
  EXPECT_EQ(silent_, 1);
}

TEST_F(ConnectionAcceptorTest, TheOldestOfAllMakesRoom) {
  ConnectionAcceptorLimits limits = kLimits;
  limits.max_silent = 2;
  Start(limits);
  std::vector<std::unique_ptr<RawConnection>> silent;
  for (size_t connection = 0; connection <= limits.max_silent; ++connection) silent.push_back(Connect());
  ExpectClosed(*silent.front());
  Stop();
  EXPECT_EQ(silent_, 1);
}

TEST_F(ConnectionAcceptorTest, OneThatStaysSilentIsClosed) {
  ConnectionAcceptorLimits limits = kLimits;
  limits.patience = milliseconds(1);
  Start(limits);
  ExpectClosed(*Connect());
  EXPECT_EQ(passed_on_, 0);
}

TEST_F(ConnectionAcceptorTest, OneIsClosedWhenThereAreTooManyDescriptors) {
  ConnectionAcceptorLimits limits = kLimits;
  limits.max_descriptor = 0;
  Start(limits);
  ExpectClosed(*Connect());
  Stop();
  EXPECT_EQ(crowded_, 1);
}

TEST_F(ConnectionAcceptorTest, ThoseThatItWaitsForAreClosedWhenItGoes) {
  Start(kLimits);
  const auto silent = Connect();
  const auto speaking = Connect();
  speaking->Begin();
  speaking->Flush();
  ExpectClosed(*speaking);  // So the one before it has been taken.
  Stop();
  ExpectClosed(*silent);
}

TEST(ListeningSocketsTest, APortIsOnesOwn) {
  const auto first = ListeningSockets::Open("127.0.0.1", 0);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_FALSE(ListeningSockets::Open("127.0.0.1", (*first)->port()).ok());
}

TEST(ListeningSocketsTest, AllAddressesOfAHostHaveTheSamePort) {
  for (const char* const host : {"localhost", "0.0.0.0", "[::]", "127.0.0.1"}) {
    const auto sockets = ListeningSockets::Open(host, 0);
    ASSERT_TRUE(sockets.ok()) << host << ": " << sockets.status();
    const RawConnection connection(absl::StrCat("127.0.0.1:", (*sockets)->port()));
  }
}

TEST(ListeningSocketsTest, WhatIsNoAddressOfThisMachineIsRefused) {
  EXPECT_FALSE(ListeningSockets::Open("192.0.2.1", 0).ok());
  EXPECT_FALSE(ListeningSockets::Open("no such host", 0).ok());
}

}  // namespace
}  // namespace muster
