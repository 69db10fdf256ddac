// What a service manager is told: by the functions, and by the real program.
#include "service/service_manager.h"

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <string>
#include <thread>

#include "service/limits.h"
#include "tests/service/musterd_process.h"
#include "tests/service/notify_socket.h"
#include "tests/service/server_fixture.h"

namespace muster {
namespace {

using testing::HasSubstr;
using testing::Optional;
using testing::StartsWith;

constexpr char kWatchdog[] = "WATCHDOG=1";
constexpr char kMusterd[] = MUSTER_BINARY_DIR "/musterd";

class ServiceManagerTest : public testing::Test {
 protected:
  ServiceManagerTest() {
    setenv("NOTIFY_SOCKET", folder_.Path("notify").c_str(), 1);
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  }
  ~ServiceManagerTest() override {
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
  }

  TemporaryFolder folder_;
  NotifySocket manager_{folder_.Path("notify")};
  sigset_t signals_{};
};

TEST_F(ServiceManagerTest, HearsThatTheServerIsReadyAndThatItStops) {
  TellManagerReady("listening on 127.0.0.1:1");
  EXPECT_EQ(manager_.Next(), "READY=1\nSTATUS=listening on 127.0.0.1:1");
  TellManagerStopping();
  EXPECT_THAT(manager_.Next(), Optional(StartsWith("STOPPING=1\n")));
}

TEST_F(ServiceManagerTest, WithoutOneNothingHappens) {
  unsetenv("NOTIFY_SOCKET");
  TellManagerReady("ready");
  setenv("NOTIFY_SOCKET", folder_.Path("nobody").c_str(), 1);
  TellManagerReady("ready");
  EXPECT_EQ(manager_.Next(std::chrono::milliseconds(0)), std::nullopt);
}

TEST_F(ServiceManagerTest, WhereNobodyWatchesASignalIsAllThatIsWaitedFor) {
  std::atomic<bool> asked{false};
  pthread_kill(pthread_self(), SIGUSR1);
  EXPECT_EQ(WaitForSignal(signals_, [&] { return asked.exchange(true); }), SIGUSR1);
  EXPECT_FALSE(asked);
}

TEST_F(ServiceManagerTest, AServerThatIsAliveIsReportedAgainAndAgain) {
  setenv("WATCHDOG_USEC", "30000", 1);
  int number = 0;
  std::thread waiting([&] { number = WaitForSignal(signals_, [] { return true; }); });
  for (int tell = 0; tell < 3 * kWatchdogTellsPerInterval; ++tell) EXPECT_EQ(manager_.Next(), kWatchdog);
  pthread_kill(waiting.native_handle(), SIGUSR1);
  waiting.join();
  EXPECT_EQ(number, SIGUSR1);
}

TEST_F(ServiceManagerTest, AServerThatDoesNotAnswerIsNotReportedUntilItDoes) {
  setenv("WATCHDOG_USEC", "30000", 1);
  constexpr int kSilent = 5;
  int asked = 0;
  std::thread waiting([&] { WaitForSignal(signals_, [&] { return ++asked == 1 || asked > 1 + kSilent; }); });
  EXPECT_EQ(manager_.Next(), kWatchdog);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(manager_.Next(), kWatchdog);
  // Five of six questions in between had no answer.
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(30) * (kSilent - 1) / 3);
  pthread_kill(waiting.native_handle(), SIGUSR1);
  waiting.join();
  EXPECT_GT(asked, 1 + kSilent);
}

TEST_F(ServiceManagerTest, TheProgramSaysThatItIsReadyThatItLivesAndThatItStops) {
  ChildProcess musterd({"env", "MUSTERD_CONFIG=/dev/null", "WATCHDOG_USEC=150000", kMusterd, "--store",
                        folder_.Path("store"), "--listen", "127.0.0.1:0"},
                       folder_.Path("log"));
  EXPECT_THAT(manager_.Next(), Optional(StartsWith("READY=1\nSTATUS=listening on 127.0.0.1:"))) << musterd.Log();
  for (int tell = 0; tell < 4; ++tell) EXPECT_EQ(manager_.Next(), kWatchdog) << musterd.Log();
  musterd.Signal(SIGTERM);
  std::optional<std::string> said = manager_.Next();
  while (said == kWatchdog) said = manager_.Next();
  EXPECT_THAT(said, Optional(HasSubstr("STOPPING=1"))) << musterd.Log();
  EXPECT_EQ(musterd.WaitUntilEnded(), 0) << musterd.Log();
}

TEST_F(ServiceManagerTest, AProgramThatCannotStartIsNeverReady) {
  ChildProcess musterd(
      {"env", "MUSTERD_CONFIG=/dev/null", kMusterd, "--store", folder_.Path("none/store"), "--listen", "127.0.0.1:0"},
      folder_.Path("log"));
  EXPECT_EQ(musterd.WaitUntilEnded(), 1);
  EXPECT_EQ(manager_.Next(std::chrono::milliseconds(0)), std::nullopt);
}

using AnswersTest = ServerTest;

TEST_F(AnswersTest, AServerThatServesAnswersItselfAndOneThatHasStoppedDoesNot) {
  EXPECT_TRUE(server().Answers());
  StopServer();
  EXPECT_FALSE(server().Answers());
}

}  // namespace
}  // namespace muster
