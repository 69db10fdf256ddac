// `muster certs`: a development authority in a folder.
#include <algorithm>
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "CLI/App.hpp"
#include "CLI/Formatter.hpp"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "clients/cli/certificate_folder.h"
#include "clients/cli/commands.h"
#include "clients/cli/options.h"
#include "clients/cli/text.h"

namespace muster::cli {
namespace {

constexpr char kCertsFooter[] =
    "For development, trials and tests. A police network has an authority of its own: give `musterd` its "
    "certificates,\n"
    "and certificates with a single URI, spiffe://TRUST-DOMAIN/force/ID, to the forces.\n"
    "\n"
    "Example:\n"
    "  muster certs init certs --trust-domain muster.example\n"
    "  muster certs issue certs --host localhost,127.0.0.1\n"
    "  muster certs issue certs --force thames-valley\n"
    "  musterd --store store --tls-certificate certs/server.pem --tls-key certs/server-key.pem \\\n"
    "    --tls-ca certs/ca.pem --tls-crl certs/crl.pem --trust-domain muster.example\n"
    "  muster --tls-ca certs/ca.pem --tls-certificate certs/force-thames-valley.pem \\\n"
    "    --tls-key certs/force-thames-valley-key.pem coverage\n"
    "  muster certs revoke certs certs/force-thames-valley.pem";

constexpr int kAuthorityDays = 3'650;
constexpr int kCertificateDays = 365;
// So that a machine whose clock is a little behind takes what was issued just now.
constexpr absl::Duration kClockSlack = absl::Minutes(5);

Validity ValidityOf(int days) {
  const absl::Time now = absl::Now();
  return {now - kClockSlack, now + absl::Hours(24) * days};
}

std::string DayOf(absl::Time time) { return absl::FormatTime("%Y-%m-%d", time, absl::UTCTimeZone()); }

void AddFolder(CLI::App& command, std::string* folder) {
  AddTextOption(command, "DIR", folder, "Folder of the authority", "")->required();
}

CLI::Option* AddDays(CLI::App& command, int* days) {
  return command.add_option("--days", *days, "For how long it is valid")
      ->type_name("NUMBER")
      ->check(CLI::Range(1, 36'500))
      ->capture_default_str();
}

// Fails the command line unless exactly one is given.
void RequireOne(std::initializer_list<bool> given, absl::string_view names) {
  if (std::count(given.begin(), given.end(), true) == 1) return;
  throw CLI::ValidationError(absl::StrCat("exactly one of ", names, " must be given"));
}

struct IssueOptions {
  std::string folder;
  std::string force, unit, analyst, operator_name;
  std::vector<std::string> hosts;
  int days = kCertificateDays;
  bool replace = false;
};

ExitCode RunIssue(const IssueOptions& options, Session& session) {
  CertificateFolder folder(options.folder);
  const auto issue = [&]() -> absl::StatusOr<IssuedFiles> {
    const Validity validity = ValidityOf(options.days);
    if (!options.hosts.empty()) return folder.IssueServer(options.hosts, validity, options.replace);
    Identity identity;
    for (const auto& [role, name] : {std::pair{CallerRole::kForce, &options.force},
                                     {CallerRole::kUnit, &options.unit},
                                     {CallerRole::kAnalyst, &options.analyst},
                                     {CallerRole::kOperator, &options.operator_name}}) {
      if (!name->empty()) identity = {role, *name};
    }
    return folder.IssueClient(identity, validity, options.replace);
  };
  const absl::StatusOr<IssuedFiles> files = issue();
  if (!files.ok()) return session.Fail("issue a certificate", files.status());
  session.out() << "Wrote " << files->certificate_path << " and its key " << files->key_path << ": serial "
                << files->serial << ", valid until " << DayOf(files->not_after) << ".\n";
  return ExitCode::kDone;
}

struct RevokeOptions {
  std::string folder;
  std::string file;
  std::string serial;
};

ExitCode RunRevoke(const RevokeOptions& options, Session& session) {
  constexpr char kWhat[] = "revoke a certificate";
  CertificateFolder folder(options.folder);
  std::string serial = absl::AsciiStrToLower(options.serial);
  if (serial.empty()) {
    absl::StatusOr<std::string> read = folder.SerialOfFile(options.file);
    if (!read.ok()) return session.Fail(kWhat, read.status());
    serial = *std::move(read);
  }
  const absl::StatusOr<bool> revoked = folder.Revoke(serial, absl::Now());
  if (!revoked.ok()) return session.Fail(kWhat, revoked.status());
  if (*revoked) {
    session.out() << "Revoked " << serial << ", in " << folder.crl_path()
                  << ". A server with this --tls-crl refuses it within 10 seconds.\n";
  } else {
    session.out() << serial << " was revoked before; nothing is changed.\n";
  }
  return ExitCode::kDone;
}

void AddInit(CLI::App& certs, Command* chosen) {
  struct Options {
    std::string folder;
    std::string trust_domain;
    int days = kAuthorityDays;
  };
  CLI::App* const init = certs.add_subcommand("init", "Make an authority: ca.pem, ca-key.pem, and an empty crl.pem");
  const auto options = std::make_shared<Options>();
  AddFolder(*init, &options->folder);
  AddTextOption(*init, "--trust-domain", &options->trust_domain,
                "Whom its certificates are for, like a name of DNS: muster.example", "NAME")
      ->required();
  AddDays(*init, &options->days);
  init->callback([chosen, options] {
    *chosen = [options](Session& session) {
      CertificateFolder folder(options->folder);
      const absl::Status done = folder.Init(options->trust_domain, ValidityOf(options->days));
      if (!done.ok()) return session.Fail("make an authority", done);
      session.out() << "Made the authority of " << options->trust_domain << " in " << options->folder << ". Who has "
                    << folder.key_path() << " can be anybody: keep it to yourself.\n";
      return ExitCode::kDone;
    };
  });
}

void AddIssue(CLI::App& certs, Command* chosen) {
  CLI::App* const issue = certs.add_subcommand("issue", "Make a key and a certificate, for the server or a caller");
  const auto options = std::make_shared<IssueOptions>();
  AddFolder(*issue, &options->folder);
  AddTextOption(*issue, "--force", &options->force, "For a force, by its id in the catalogue", "ID");
  AddTextOption(*issue, "--unit", &options->unit, "For a regional unit, by its id in the catalogue", "ID");
  AddTextOption(*issue, "--analyst", &options->analyst, "For an analyst", "NAME");
  AddTextOption(*issue, "--operator", &options->operator_name, "For somebody who operates the server", "NAME");
  AddListOption(*issue, "--host", &options->hosts, "For the server: names and IP addresses that clients use for it",
                "NAME");
  AddDays(*issue, &options->days);
  issue->add_flag("--replace", options->replace,
                  "Replace the files of an earlier one, which stays valid until it is revoked or ends");
  issue->callback([chosen, options] {
    RequireOne({!options->force.empty(), !options->unit.empty(), !options->analyst.empty(),
                !options->operator_name.empty(), !options->hosts.empty()},
               "--force, --unit, --analyst, --operator and --host");
    *chosen = [options](Session& session) { return RunIssue(*options, session); };
  });
}

void AddRevoke(CLI::App& certs, Command* chosen) {
  CLI::App* const revoke = certs.add_subcommand("revoke", "Add a certificate to the list of those that do not count");
  const auto options = std::make_shared<RevokeOptions>();
  AddFolder(*revoke, &options->folder);
  AddTextOption(*revoke, "FILE", &options->file, "The certificate, PEM", "");
  AddTextOption(*revoke, "--serial", &options->serial, "Instead of its file: its serial", "HEX");
  revoke->callback([chosen, options] {
    RequireOne({!options->file.empty(), !options->serial.empty()}, "FILE and --serial");
    *chosen = [options](Session& session) { return RunRevoke(*options, session); };
  });
}

}  // namespace

void AddCertsCommands(CLI::App& app, Command* chosen) {
  CLI::App* const certs = app.add_subcommand("certs", "Certificates of a development authority; needs no server");
  certs->footer(kCertsFooter);
  certs->require_subcommand(1);
  AddInit(*certs, chosen);
  AddIssue(*certs, chosen);
  AddRevoke(*certs, chosen);
}

}  // namespace muster::cli
