#include "service/startup_check.h"

#include <fcntl.h>
#include <netdb.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "domain/catalogue.h"
#include "domain/quote.h"
#include "service/catalogue_files.h"
#include "service/limits.h"
#include "service/rights_keeper.h"
#include "service/server.h"
#include "service/tls_files.h"
#include "service/token_keeper.h"
#include "storage/store.h"

namespace muster {
namespace {

constexpr uint64_t kMebibyte = uint64_t{1} << 20;

// A file descriptor that is closed when this object goes.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }
  bool is_open() const { return number_ >= 0; }

 private:
  const int number_;
};

Finding Ok(const std::string& subject, const std::string& found) { return {subject, Verdict::kOk, found, ""}; }
Finding Note(const std::string& subject, const std::string& found, const std::string& mend) {
  return {subject, Verdict::kNote, found, mend};
}
Finding Failed(const std::string& subject, const std::string& found, const std::string& mend) {
  return {subject, Verdict::kFailed, found, mend};
}

std::vector<Finding> CheckConfiguration(const ReadConfiguration& read) {
  const std::string subject = "configuration";
  std::vector<Finding> findings;
  findings.reserve(read.problems.size());
  for (const std::string& problem : read.problems) findings.push_back(Failed(subject, problem, ""));
  if (findings.empty()) {
    findings.push_back(
        Ok(subject, read.file.empty() ? "no file; from the environment and the command line" : read.file));
  }
  return findings;
}

std::vector<Finding> CheckUser() {
  if (geteuid() != 0) return {};
  return {Note("user", "this check runs as root, who may do more than the user of the service",
               "Run it as that user: runuser -u muster -- musterd --check")};
}

std::vector<Finding> CheckCatalogue(const Configuration& configuration) {
  const std::string subject = "catalogue";
  std::vector<std::string> faults;
  const std::shared_ptr<const Catalogue> catalogue = ReadCatalogue(configuration.catalogue_directory, &faults);
  std::vector<Finding> findings;
  findings.reserve(faults.size());
  for (const std::string& fault : faults) findings.push_back(Failed(subject, fault, ""));
  if (catalogue != nullptr) {
    const std::string from =
        configuration.catalogue_directory.empty() ? "the shipped one" : configuration.catalogue_directory;
    findings.push_back(Ok(subject, absl::StrCat(from, ": ", catalogue->force_count(), " forces, ",
                                                catalogue->metric_count(), " metrics")));
  }
  return findings;
}

// Whether what says who may do what could be taken.
std::vector<Finding> CheckRights(const Configuration& configuration) {
  std::vector<std::string> ignored;
  const std::shared_ptr<const Catalogue> catalogue = ReadCatalogue(configuration.catalogue_directory, &ignored);
  if (catalogue == nullptr) return {};  // Of which is told elsewhere.
  std::vector<Finding> findings;
  const auto find = [&](const std::string& subject, const std::string& name, const absl::Status& status) {
    if (status.ok()) {
      findings.push_back(Ok(subject, name));
      return;
    }
    for (const absl::string_view fault : absl::StrSplit(status.message(), '\n')) {
      findings.push_back(Failed(subject, std::string(fault), ""));
    }
  };
  const std::string& policy = configuration.policy_file;
  find("policy", policy.empty() ? "the built-in one" : policy,
       RightsKeeper::Start(policy, catalogue, kPolicyCheckInterval, nullptr).status());
  if (!configuration.token_file.empty()) {
    const std::string& tokens = configuration.token_file;
    find("tokens", tokens, TokenKeeper::Start(tokens, catalogue, kPolicyCheckInterval, nullptr).status());
  }
  return findings;
}

// Whether an address can be listened on now: it is, for a moment.
std::vector<Finding> CheckAddress(const Configuration& configuration) {
  const std::string subject = "address";
  const std::string& address = configuration.listen_address;
  if (const absl::Status allowed = Server::CheckAddress(address, configuration.tls.enabled()); !allowed.ok()) {
    return {Failed(subject, std::string(allowed.message()), "")};
  }
  const size_t colon = address.rfind(':');
  std::string host = address.substr(0, colon);
  if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* first = nullptr;
  if (const int failed = getaddrinfo(host.c_str(), address.substr(colon + 1).c_str(), &hints, &first); failed != 0) {
    return {Failed(subject, absl::StrCat(address, " is not known: ", gai_strerror(failed)),
                   "Give an address of this machine as listen")};
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> found(first, &freeaddrinfo);
  const Descriptor listening(socket(found->ai_family, found->ai_socktype | SOCK_CLOEXEC, found->ai_protocol));
  const int yes = 1;
  // As the server does: what an earlier one has left of its connections is in nobody's way.
  if (listening.is_open()) setsockopt(listening.number(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (!listening.is_open() || bind(listening.number(), found->ai_addr, found->ai_addrlen) != 0) {
    const bool taken = errno == EADDRINUSE;
    return {Failed(subject, absl::StrCat("cannot listen on ", address, ": ", std::strerror(errno)),
                   taken
                       ? "Stop the program that listens there (ss -ltnp says which; another musterd?), or set another "
                         "address as listen"
                       : "Give an address of this machine, and a port from 1024 on, as listen")};
  }
  return {Ok(subject, absl::StrCat(address, " is free"))};
}

std::vector<Finding> CheckIdentity(const Configuration& configuration) {
  const std::string subject = "identity";
  if (!configuration.tls.enabled()) {
    return {Note(subject,
                 "no TLS: only programs of this machine reach the server, and every one of them is the operator", "")};
  }
  const absl::StatusOr<TlsState> tls = TlsFiles::ReadOnce(configuration.tls);
  if (!tls.ok()) {
    return {Failed(subject, std::string(tls.status().message()),
                   "Give the right files, which the user of the service may read")};
  }
  std::vector<Finding> findings = {
      Ok(subject, absl::StrCat("TLS: callers are those of ", configuration.tls.trust_domain))};
  for (const std::string& warning : TlsWarnings(configuration.tls, *tls, absl::Now())) {
    findings.push_back(Note(subject, warning, ""));
  }
  return findings;
}

// What is special about the file system that holds `path`; nothing if it is one of a disk of this machine.
std::optional<Finding> CheckFileSystem(const std::string& path) {
  struct Special {
    uint64_t magic;
    Verdict verdict;
    const char* found;
    const char* mend;
  };
  static constexpr char kInMemory[] = "is in memory: everything in the store is lost when the machine stops";
  static constexpr char kOnNetwork[] =
      "is on a network file system: what was acknowledged is only as safe as its server says";
  static constexpr char kUseDisk[] = "Set a folder on a disk as store";
  // As linux/magic.h and statfs(2) have them.
  static constexpr std::array<Special, 7> kSpecial = {{
      {0x01021994, Verdict::kFailed, kInMemory, kUseDisk},  // tmpfs
      {0x858458F6, Verdict::kFailed, kInMemory, kUseDisk},  // ramfs
      {0x794C7630, Verdict::kNote, "is in a layer of a container, and goes when the container does",
       "Mount a volume there"},                            // overlayfs
      {0x6969, Verdict::kNote, kOnNetwork, kUseDisk},      // nfs
      {0xFE534D42, Verdict::kNote, kOnNetwork, kUseDisk},  // smb2
      {0xFF534D42, Verdict::kNote, kOnNetwork, kUseDisk},  // cifs
      {0x65735546, Verdict::kNote, kOnNetwork, kUseDisk},  // fuse, of which most are
  }};
  struct statfs about {};
  if (statfs(path.c_str(), &about) != 0) return std::nullopt;
  for (const Special& special : kSpecial) {
    if (static_cast<uint64_t>(about.f_type) != special.magic) continue;
    return Finding{"disk", special.verdict, absl::StrCat(Quote(path), " ", special.found), special.mend};
  }
  return std::nullopt;
}

// Writes and syncs a file without a name, as the store would; says how long the slowest sync took.
Finding CheckWriting(const std::string& folder) {
  const std::string subject = "disk";
  const Descriptor file(open(folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600));
  if (!file.is_open()) {
    // Not every file system knows files without names.
    if (errno == EOPNOTSUPP) {
      return Note(subject, absl::StrCat("whether ", Quote(folder), " can be written was not tested"), "");
    }
    return Failed(subject, absl::StrCat("cannot write in ", Quote(folder), ": ", std::strerror(errno)),
                  errno == EROFS ? "Mount the file system for writing"
                                 : absl::StrCat("Let the user of the service own it: chown muster: ", folder));
  }
  constexpr int kSyncs = 5;
  std::array<char, 4096> bytes{};
  std::chrono::steady_clock::duration slowest{};
  for (int sync = 0; sync < kSyncs; ++sync) {
    const auto begin = std::chrono::steady_clock::now();
    if (write(file.number(), bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()) ||
        fdatasync(file.number()) != 0) {
      return Failed(subject, absl::StrCat("cannot write to the disk of ", Quote(folder), ": ", std::strerror(errno)),
                    "Make room on the disk, or mend it");
    }
    slowest = std::max(slowest, std::chrono::steady_clock::now() - begin);
  }
  const double milliseconds = std::chrono::duration<double, std::milli>(slowest).count();
  const std::string took =
      absl::StrFormat("can be written; the slowest of %d syncs took %.1f ms", kSyncs, milliseconds);
  if (slowest <= kSlowSync) return Ok(subject, took);
  return Note(subject, took, "Every result waits for a sync: use a faster disk, or one with a protected cache");
}

std::vector<Finding> CheckStore(const Configuration& configuration) {
  const std::string subject = "store";
  const std::string& directory = configuration.store_directory;
  std::error_code error;
  const bool is_there = std::filesystem::exists(directory, error);
  const std::string folder = is_there ? directory : ParentFolder(directory);
  if (!is_there && !std::filesystem::is_directory(folder, error)) {
    return {Failed(subject, absl::StrCat("the folder ", Quote(folder), ", which is to hold the store, is not there"),
                   absl::StrCat("Make it: install -d -o muster -g muster -m 0750 ", folder))};
  }
  const absl::StatusOr<StoreInspection> inspection = Store::Inspect(directory);
  if (!inspection.ok()) return {Failed(subject, std::string(inspection.status().message()), "")};

  std::vector<Finding> findings;
  findings.push_back(Ok(subject, inspection->holds_store
                                     ? absl::StrCat(Quote(directory), " holds a store of this program's format")
                                     : absl::StrCat("none yet; one will be made in ", Quote(directory))));
  if (std::optional<Finding> special = CheckFileSystem(folder); special.has_value()) {
    findings.push_back(*std::move(special));
  }
  const std::string free = absl::StrCat(inspection->free_bytes / kMebibyte, " MiB free, of which ",
                                        inspection->keep_free_bytes / kMebibyte, " MiB are kept free");
  if (inspection->free_bytes < inspection->keep_free_bytes) {
    findings.push_back(Failed("disk", absl::StrCat(free, ": no result would be taken"), "Make room on the disk"));
  } else if (inspection->free_bytes < inspection->keep_free_bytes + kLittleRoomBytes) {
    findings.push_back(Note("disk", free, "Make room soon: without it results are refused, with DISK_FULL"));
  } else {
    findings.push_back(Ok("disk", free));
  }
  findings.push_back(CheckWriting(folder));
  return findings;
}

std::vector<Finding> CheckOpenFiles() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return {};
  const std::string found = absl::StrCat(limit.rlim_cur, " may be open at once");
  if (limit.rlim_cur >= kEnoughOpenFiles) return {Ok("files", found)};
  return {Note("files", absl::StrCat(found, "; the store alone may take half of ", kEnoughOpenFiles),
               "Set LimitNOFILE of the unit, or ulimit -n, higher")};
}

absl::string_view Word(Verdict verdict) {
  switch (verdict) {
    case Verdict::kOk:
      return "ok";
    case Verdict::kNote:
      return "note";
    case Verdict::kFailed:
      return "failed";
  }
  return "";
}

void Append(std::vector<Finding> more, std::vector<Finding>& findings) {
  std::move(more.begin(), more.end(), std::back_inserter(findings));
}

}  // namespace

std::vector<Finding> CheckStart(const ReadConfiguration& read) {
  std::vector<Finding> findings = CheckConfiguration(read);
  // What a wrong configuration says of the rest may be wrong too.
  if (AnyFailed(findings)) return findings;
  const Configuration& configuration = read.configuration;
  Append(CheckUser(), findings);
  Append(CheckCatalogue(configuration), findings);
  Append(CheckRights(configuration), findings);
  Append(CheckIdentity(configuration), findings);
  Append(CheckAddress(configuration), findings);
  Append(CheckStore(configuration), findings);
  Append(CheckOpenFiles(), findings);
  return findings;
}

bool AnyFailed(const std::vector<Finding>& findings) {
  return std::any_of(findings.begin(), findings.end(),
                     [](const Finding& finding) { return finding.verdict == Verdict::kFailed; });
}

std::string ToText(const std::vector<Finding>& findings) {
  size_t width = 0;
  for (const Finding& finding : findings) width = std::max(width, finding.subject.size());
  const int columns = static_cast<int>(width);
  std::string text;
  for (const Finding& finding : findings) {
    absl::StrAppend(
        &text, absl::StrFormat("%-6s  %-*s  %s\n", Word(finding.verdict), columns, finding.subject, finding.found));
    if (!finding.mend.empty()) absl::StrAppend(&text, absl::StrFormat("%6s  %*s  %s\n", "", columns, "", finding.mend));
  }
  const auto failed = std::count_if(findings.begin(), findings.end(),
                                    [](const Finding& finding) { return finding.verdict == Verdict::kFailed; });
  if (failed == 0) {
    absl::StrAppend(&text, "musterd would start.\n");
  } else {
    absl::StrAppend(&text, "musterd would not start as it should: ", failed, " of ", findings.size(), " failed.\n");
  }
  return text;
}

}  // namespace muster
