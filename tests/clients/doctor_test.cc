// `muster doctor` against servers that are well, ill, of another kind, and not there.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <ostream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "clients/cli/command_line.h"
#include "clients/cli/examination.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/clients/fake_server.h"
#include "tests/clients/rich_status.h"

namespace muster::cli {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

struct Said {
  ExitCode code = ExitCode::kDone;
  std::string out;
  std::string err;
};

Said RunDoctor(const std::string& address, const std::vector<std::string>& more = {}) {
  std::ostringstream out;
  std::ostringstream err;
  std::vector<std::string> words = {"doctor", "--server", address};
  words.insert(words.end(), more.begin(), more.end());
  Said said;
  said.code = RunMuster(words, {out, err, {}, {}});
  said.out = out.str();
  said.err = err.str();
  return said;
}

v1::GetServerInfoResponse InfoNow(std::chrono::seconds off = {}, const std::string& version = MUSTER_VERSION) {
  v1::GetServerInfoResponse info;
  info.set_version(version);
  const auto now = std::chrono::system_clock::now().time_since_epoch() + off;
  info.mutable_time()->set_seconds(std::chrono::duration_cast<std::chrono::seconds>(now).count());
  return info;
}

class DoctorTest : public testing::Test {
 protected:
  DoctorTest() {
    v1::GetCatalogueResponse catalogue;
    catalogue.mutable_catalogue()->add_forces();
    catalogue.mutable_catalogue()->add_metrics();
    catalogue.mutable_catalogue()->add_metrics();
    fake_.get_catalogue.ThenAnswer(catalogue);
  }
  FakeServer fake_;
};

TEST_F(DoctorTest, AServerThatIsWellHasALineForEachSubject) {
  fake_.get_server_info.ThenAnswer(InfoNow());
  const Said said = RunDoctor(fake_.address());
  EXPECT_EQ(said.code, ExitCode::kDone) << said.out;
  EXPECT_THAT(said.out,
              AllOf(ContainsRegex("ok +address +somebody listens at 127"), ContainsRegex("ok +identity +no TLS"),
                    ContainsRegex("ok +health +the server takes results"),
                    ContainsRegex("ok +version +the server is .*, this program "), ContainsRegex("ok +clock "),
                    ContainsRegex("ok +catalogue +1 force, 2 metrics")));
  EXPECT_THAT(said.out, Not(HasSubstr("failed")));
  EXPECT_EQ(said.err, "");
}

TEST_F(DoctorTest, AnIllServerFailsWithHowToMendIt) {
  fake_.SetServing(false);
  fake_.get_server_info.ThenAnswer(InfoNow());
  const Said said = RunDoctor(fake_.address());
  EXPECT_EQ(said.code, ExitCode::kFailed) << said.out;
  EXPECT_THAT(said.out, AllOf(ContainsRegex("failed +health +the server answers questions, and takes no results"),
                              HasSubstr("mend its disk, and restart it"), ContainsRegex("ok +catalogue ")));
}

TEST_F(DoctorTest, AClockThatIsAnHourOffFails) {
  fake_.get_server_info.ThenAnswer(InfoNow(std::chrono::hours(1)));
  const Said said = RunDoctor(fake_.address());
  EXPECT_EQ(said.code, ExitCode::kFailed) << said.out;
  EXPECT_THAT(said.out,
              AllOf(ContainsRegex("failed +clock +the server's is (1h|59m59).* ahead"), HasSubstr("timedatectl")));
}

TEST_F(DoctorTest, AnotherVersionIsNotedOnly) {
  fake_.get_server_info.ThenAnswer(InfoNow({}, "9.9.9"));
  const Said said = RunDoctor(fake_.address());
  EXPECT_EQ(said.code, ExitCode::kDone) << said.out;
  EXPECT_THAT(said.out,
              AllOf(ContainsRegex("note +version +the server is 9.9.9, this program"), HasSubstr("Update the older")));
}

// What the server may say instead of telling about itself.
struct Untold {
  std::string name;
  absl::StatusCode code;
  ExitCode want_code;
  std::string want_line;
  friend void PrintTo(const Untold& row, std::ostream* out) { *out << row.name; }
};

class UntoldTest : public DoctorTest, public testing::WithParamInterface<Untold> {};

TEST_P(UntoldTest, IsNoReasonNotToLookFurther) {
  fake_.get_server_info.ThenStatus(RichStatus(GetParam().code, "REASON"));
  const Said said = RunDoctor(fake_.address());
  EXPECT_EQ(said.code, GetParam().want_code) << said.out;
  EXPECT_THAT(said.out, AllOf(ContainsRegex(GetParam().want_line), ContainsRegex("ok +catalogue ")));
}

INSTANTIATE_TEST_SUITE_P(
    Codes, UntoldTest,
    testing::ValuesIn<Untold>({
        {"OldServer", absl::StatusCode::kUnimplemented, ExitCode::kDone, "note +version +the server does not know"},
        {"NotAllowed", absl::StatusCode::kPermissionDenied, ExitCode::kDone, "note +version +not told to this caller"},
        {"Fault", absl::StatusCode::kInternal, ExitCode::kFailed, "failed +version +INTERNAL"},
    }),
    [](const auto& row) { return row.param.name; });

TEST_F(DoctorTest, ScriptsGetTheSameAsCsvAndJson) {
  fake_.SetServing(false);
  fake_.get_server_info.ThenAnswer(InfoNow());
  const Said csv = RunDoctor(fake_.address(), {"-o", "csv"});
  EXPECT_EQ(csv.code, ExitCode::kFailed);
  EXPECT_THAT(csv.out, AllOf(StartsWith("subject,verdict,found,mend\naddress,ok,"), HasSubstr("\nhealth,failed,")));
  fake_.get_server_info.ThenAnswer(InfoNow());
  fake_.get_catalogue.ThenAnswer({});
  const Said json = RunDoctor(fake_.address(), {"--json"});
  EXPECT_EQ(json.code, ExitCode::kFailed);
  EXPECT_THAT(json.out, AllOf(HasSubstr("\"findings\""), HasSubstr("\"subject\": \"health\"")));
}

TEST(DoctorWithoutServerTest, NobodyListensThere) {
  const Said said = RunDoctor("127.0.0.1:1");
  EXPECT_EQ(said.code, ExitCode::kUnreachable);
  EXPECT_THAT(said.out,
              AllOf(StartsWith("failed  address    nobody can be reached at 127.0.0.1:1: Connection refused\n"),
                    HasSubstr("systemctl start musterd"), HasSubstr("--server ADDRESS")));
  EXPECT_THAT(said.out, Not(HasSubstr("health")));
}

TEST(DoctorWithoutServerTest, TheNameIsNotKnown) {
  const Said said = RunDoctor("muster.invalid:7450");
  EXPECT_EQ(said.code, ExitCode::kUnreachable);
  EXPECT_THAT(said.out,
              AllOf(StartsWith("failed  address    muster.invalid:7450 is not known: "), HasSubstr("MUSTER_SERVER")));
}

// Takes connections and closes them again, until it goes.
class Stranger {
 public:
  Stranger() : listening_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    // The interface of sockets is older than templates.
    EXPECT_EQ(bind(listening_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(listening_, 16), 0);
    EXPECT_EQ(getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    address_ = absl::StrCat("127.0.0.1:", ntohs(address.sin_port));
    thread_ = std::thread([this] {
      while (true) {
        const int connection = accept(listening_, nullptr, nullptr);
        if (connection < 0) return;
        close(connection);
      }
    });
  }
  ~Stranger() {
    shutdown(listening_, SHUT_RDWR);
    thread_.join();
    close(listening_);
  }
  Stranger(const Stranger&) = delete;
  Stranger& operator=(const Stranger&) = delete;
  const std::string& address() const { return address_; }

 private:
  const int listening_;
  std::string address_;
  std::thread thread_;
};

TEST(DoctorWithoutServerTest, SomebodyElseListensThere) {
  const Stranger stranger;
  const Said said = RunDoctor(stranger.address(), {"--timeout", "2s"});
  EXPECT_EQ(said.code, ExitCode::kUnreachable) << said.out;
  EXPECT_THAT(said.out,
              AllOf(ContainsRegex("ok +address "), ContainsRegex("failed +health +what listens there does not"),
                    HasSubstr("if it speaks TLS, give --tls-certificate")));
}

struct ClockCase {
  std::string name;
  absl::Duration difference;
  absl::Duration uncertainty;
  Verdict want;
  std::string want_found;
  friend void PrintTo(const ClockCase& row, std::ostream* out) { *out << row.name; }
};

class JudgeClockTest : public testing::TestWithParam<ClockCase> {};

TEST_P(JudgeClockTest, AllowsAMinuteBesideWhatIsNotKnown) {
  const Finding finding = JudgeClock(GetParam().difference, GetParam().uncertainty);
  EXPECT_EQ(finding.verdict, GetParam().want);
  EXPECT_THAT(finding.found, HasSubstr(GetParam().want_found));
  EXPECT_EQ(finding.mend.empty(), GetParam().want == Verdict::kOk);
}

INSTANTIATE_TEST_SUITE_P(
    Clocks, JudgeClockTest,
    testing::ValuesIn<ClockCase>({
        {"Same", absl::ZeroDuration(), absl::Milliseconds(1), Verdict::kOk,
         "no difference to the server's, to within 1ms"},
        {"WithinWhatIsNotKnown", -absl::Seconds(3), absl::Seconds(3), Verdict::kOk, "no difference"},
        {"Ahead", absl::Seconds(5), absl::Milliseconds(1), Verdict::kOk, "the server's is 5s ahead"},
        {"AMinuteBehind", -absl::Seconds(61), absl::Seconds(1), Verdict::kOk, "1m1s behind"},
        {"MoreThanAMinuteBehind", -absl::Seconds(61), absl::Milliseconds(999), Verdict::kFailed, "1m1s behind"},
        {"MoreThanAMinuteAhead", absl::Milliseconds(60'002), absl::Milliseconds(1), Verdict::kFailed, "1m0.002s ahead"},
    }),
    [](const auto& row) { return row.param.name; });

TEST(SplitAddressTest, TakesApartWhatHasAHostAndAPort) {
  const auto split = [](const std::string& address) {
    const HostAndPort parts = SplitAddress(address);
    return absl::StrCat(parts.host, "|", parts.port);
  };
  EXPECT_EQ(split("127.0.0.1:7450"), "127.0.0.1|7450");
  EXPECT_EQ(split("muster.example:1"), "muster.example|1");
  EXPECT_EQ(split("[::1]:7450"), "::1|7450");
  for (const std::string other : {"", ":", ":7450", "host", "host:", "unix:/run/muster", "dns:///host:1"}) {
    EXPECT_EQ(split(other), "|") << other;
  }
}

}  // namespace
}  // namespace muster::cli
