#include "clients/gateway/static_files.h"

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace muster::gateway {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

std::string ValueOf(const HttpResponse& response, const std::string& name) {
  for (const HttpHeader& header : response.headers) {
    if (header.name == name) return header.value;
  }
  return "";
}

class StaticFilesTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) /
              absl::StrCat("web-", testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(folder_);
    Write("web/index.html", "<!doctype html>");
    Write("web/favicon.ico", "icon");
    Write("web/assets/index-1a2B3c4D.js", "script");
    Write("web/assets/index-1a2B3c4D.js.gz", "gzipped");
    Write("web/assets/logo.svg", "<svg/>");
    Write("web/notes.gz", "an archive of its own");
    Write("web/.env", "secret");
    Write("web/.git/config", "secret");
    Write("secret.txt", "secret");
    fs::create_symlink(folder_ / "secret.txt", folder_ / "web/link.txt");
    fs::create_directory_symlink(folder_, folder_ / "web/up");
  }
  void TearDown() override { fs::remove_all(folder_); }

  void Write(const std::string& name, const std::string& content) {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << content;
  }

  static HttpResponse Ask(const StaticFiles& files, const std::string& path,
                          std::map<std::string, std::string> headers = {}, const std::string& method = "GET") {
    HttpRequest request;
    request.method = method;
    request.path = path;
    request.headers = std::move(headers);
    return files.Answer(request);
  }

  StaticFiles ReadAll() {
    absl::StatusOr<StaticFiles> files = StaticFiles::Read((folder_ / "web").string());
    EXPECT_TRUE(files.ok()) << files.status();
    return files.ok() ? *files : StaticFiles();
  }

  fs::path folder_;
};

TEST_F(StaticFilesTest, Paths) {
  struct Row {
    const char* name;
    const char* path;
    int status;
    const char* body;  // Where the status is 200.
  };
  const Row rows[] = {
      {"the page", "/", 200, "<!doctype html>"},
      {"the page by its name", "/index.html", 200, "<!doctype html>"},
      {"a place in the page", "/operations/county-lines-2023-02/why", 200, "<!doctype html>"},
      {"a file", "/favicon.ico", 200, "icon"},
      {"a file, escaped", "/assets/index%2D1a2B3c4D.js", 200, "script"},
      {"an archive of its own", "/notes.gz", 200, "an archive of its own"},
      {"no file", "/robots.txt", 404, ""},
      {"a folder", "/assets/", 200, "<!doctype html>"},
      {"the gzipped form by its name", "/assets/index-1a2B3c4D.js.gz", 404, ""},
      {"above the folder", "/../secret.txt", 404, ""},
      {"above the folder, escaped", "/%2e%2e%2fsecret.txt", 404, ""},
      {"above the folder by a backslash", "/..\\secret.txt", 404, ""},
      {"a NUL", "/secret.txt%00.html", 404, ""},
      {"an absolute path", "//etc/hosts.txt", 404, ""},
      {"hidden", "/.env", 404, ""},
      {"in a hidden folder", "/.git/config.txt", 404, ""},
      {"behind a link", "/link.txt", 404, ""},
      {"behind a link to a folder", "/up/secret.txt", 404, ""},
      {"no escape", "/%zz", 400, ""},
      {"half an escape", "/a%2", 400, ""},
      {"a sign in an escape", "/%+1", 400, ""},
  };
  const StaticFiles files = ReadAll();
  for (const Row& row : rows) {
    const HttpResponse response = Ask(files, row.path);
    EXPECT_EQ(response.status, row.status) << row.name;
    if (row.status == 200) {
      EXPECT_EQ(*response.body, row.body) << row.name;
    }
  }
}

TEST_F(StaticFilesTest, TypesAndHowLongTheyMayBeKept) {
  const StaticFiles files = ReadAll();
  const HttpResponse page = Ask(files, "/");
  EXPECT_EQ(ValueOf(page, "Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(ValueOf(page, "Cache-Control"), "no-cache");
  const HttpResponse script = Ask(files, "/assets/index-1a2B3c4D.js");
  EXPECT_EQ(ValueOf(script, "Content-Type"), "text/javascript; charset=utf-8");
  EXPECT_EQ(ValueOf(script, "Cache-Control"), "public, max-age=31536000, immutable");
  EXPECT_EQ(ValueOf(Ask(files, "/assets/logo.svg"), "Cache-Control"), "no-cache");  // Its name has no hash.
  EXPECT_EQ(ValueOf(Ask(files, "/assets/logo.svg"), "Content-Type"), "image/svg+xml");
}

TEST_F(StaticFilesTest, AnEtagSavesTheBody) {
  const StaticFiles files = ReadAll();
  const std::string etag = ValueOf(Ask(files, "/"), "ETag");
  ASSERT_THAT(etag, testing::MatchesRegex("\"[0-9a-f]+\""));
  const HttpResponse same = Ask(files, "/", {{"if-none-match", etag}});
  EXPECT_EQ(same.status, 304);
  EXPECT_EQ(same.body, nullptr);
  EXPECT_EQ(ValueOf(same, "ETag"), etag);
  EXPECT_EQ(Ask(files, "/", {{"if-none-match", "\"0\", W/" + etag}}).status, 304);
  EXPECT_EQ(Ask(files, "/", {{"if-none-match", "\"0\""}}).status, 200);
  EXPECT_EQ(Ask(files, "/favicon.ico", {{"if-none-match", etag}}).status, 200);
}

TEST_F(StaticFilesTest, GzippedForWhoTakesIt) {
  const StaticFiles files = ReadAll();
  const std::string path = "/assets/index-1a2B3c4D.js";
  const HttpResponse gzipped = Ask(files, path, {{"accept-encoding", "br, gzip;q=0.8"}});
  EXPECT_EQ(*gzipped.body, "gzipped");
  EXPECT_EQ(ValueOf(gzipped, "Content-Encoding"), "gzip");
  EXPECT_EQ(ValueOf(gzipped, "Vary"), "Accept-Encoding");
  EXPECT_EQ(ValueOf(gzipped, "Content-Type"), "text/javascript; charset=utf-8");
  for (const char* encodings : {"", "br", "gzip;q=0", "gzipped"}) {
    const HttpResponse plain = Ask(files, path, {{"accept-encoding", encodings}});
    EXPECT_EQ(*plain.body, "script") << encodings;
    EXPECT_EQ(ValueOf(plain, "Content-Encoding"), "") << encodings;
    EXPECT_EQ(ValueOf(plain, "Vary"), "Accept-Encoding") << encodings;
    EXPECT_NE(ValueOf(plain, "ETag"), ValueOf(gzipped, "ETag")) << encodings;
  }
}

TEST_F(StaticFilesTest, OnlyToBeRead) {
  const StaticFiles files = ReadAll();
  EXPECT_EQ(Ask(files, "/", {}, "HEAD").status, 200);
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "TRACE"}) {
    const HttpResponse response = Ask(files, "/", {}, method);
    EXPECT_EQ(response.status, 405) << method;
    EXPECT_EQ(ValueOf(response, "Allow"), "GET, HEAD") << method;
  }
}

TEST_F(StaticFilesTest, AFolderThatIsNoPage) {
  EXPECT_EQ(StaticFiles::Read((folder_ / "absent").string()).status().code(), absl::StatusCode::kNotFound);
  fs::remove(folder_ / "web/index.html");
  const absl::Status status = StaticFiles::Read((folder_ / "web").string()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr("index.html"));
}

TEST_F(StaticFilesTest, WithoutAPage) {
  const HttpResponse response = Ask(StaticFiles(), "/");
  EXPECT_EQ(response.status, 404);
  EXPECT_THAT(*response.body, HasSubstr("--web"));
}

}  // namespace
}  // namespace muster::gateway
