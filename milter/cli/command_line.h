#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "milter/daemon.h"

namespace postern::cli {

/// Exit statuses of every command; `postern --help` tells them.
constexpr int kOk = 0;
constexpr int kFailed = 1;    ///< the daemon could not start or serve, is not there, or refused
constexpr int kUnusable = 2;  ///< a configuration that cannot be used, or a command line that cannot be understood

constexpr const char* kDefaultConfig = "/etc/postern/postern.yaml";

struct CheckOptions {
  std::string config = kDefaultConfig;
  bool stages = false;
  bool json = false;
};

/// `postern reload` and `postern status`.
struct ControlOptions {
  std::string config = kDefaultConfig;
  std::string socket;  ///< empty: as the configuration says
  bool json = false;
};

/// `postern limits show|top|reset|predict` and `postern account freeze|release|show`.
struct LimitsOptions {
  ControlOptions control;
  std::string command;  ///< "limits show"
  std::string key;
  std::string limit;  ///< empty: all
  std::string login;
  std::string why;
  std::string length = "12h";
  std::int64_t most = 20;
  std::int64_t amount = 1;
};

struct ReferenceOptions {
  bool json = false;
  bool markdown = false;
};

/// `postern grants propose`.
struct GrantsOptions {
  std::string config = kDefaultConfig;
  std::string store;              ///< file of the store; empty: as the configuration says
  std::string login;              ///< empty: all
  std::int64_t least = 3;         ///< what was seen less often is left out
  std::int64_t whole_domain = 0;  ///< so many addresses of a domain become a grant for it; 0: never
  bool json = false;
};

/// `postern limits suggest`.
struct LimitsSuggestOptions {
  std::vector<std::string> files;   ///< logs; "-": standard input
  std::string unit = "recipients";  ///< or "messages", "bytes"
  double margin = 1.5;
  bool json = false;
};

/// `postern dkim keygen`.
struct DkimKeygenOptions {
  std::string domain;
  std::string selector;
  std::string type = "rsa";  ///< or "ed25519"
  int bits = 2048;           ///< of an RSA key
  std::string out;           ///< file for the private key; empty: SELECTOR.DOMAIN.pem
  bool json = false;
};

/// `postern spf`.
struct SpfOptions {
  std::string client_ip;
  std::string helo;
  std::string mail_from;
  std::string zone;  ///< empty: the DNS servers of /etc/resolv.conf
  bool helo_identity = false;
  bool explain = false;
  bool json = false;
};

/// `postern dmarc`.
struct DmarcOptions {
  std::string from;               ///< an address as From has it, or a domain
  std::string spf;                ///< that SPF passed for; empty: none
  std::vector<std::string> dkim;  ///< that signatures passed for
  std::string model = "rfc9989";  ///< or "psl"
  std::string zone;               ///< empty: the DNS servers of /etc/resolv.conf
  bool json = false;
};

/// `postern org-domain`.
struct OrgDomainOptions {
  std::string domain;
  std::string model;  ///< "psl" or "rfc9989"; empty: the latter with a zone
  std::string zone;   ///< empty: the DNS servers of /etc/resolv.conf
  bool json = false;
};

/// `postern arc-sign`.
struct ArcSignOptions {
  std::string message;  ///< a file; "-": standard input
  std::string key;      ///< file of the private key
  std::string domain;
  std::string selector;
  std::string authserv_id;
  std::string authentication_results;  ///< without the authserv-id
  std::string headers;                 ///< names with colons between them; empty: our own choice
  std::optional<std::int64_t> now;
  std::string zone;  ///< empty: the DNS servers of /etc/resolv.conf
  bool json = false;
};

struct VersionOptions {
  bool json = false;
};

/// `postern test` (DESIGN 4).
struct TestOptions {
  std::string config = kDefaultConfig;
  std::string message;                   ///< a file; "-": standard input
  std::string batch;                     ///< a folder instead
  std::optional<std::string> client_ip;  ///< "local": handed in on this machine
  std::string client_name;
  std::uint16_t client_port = 0;
  std::optional<std::string> helo;
  std::optional<std::string> mail_from;
  std::vector<std::string> rcpt_to;
  std::string login;
  std::string auth_type;
  std::string tls;
  std::string listener;
  std::optional<std::string> zone;
  bool dns = false;
  std::optional<std::int64_t> now;
  std::string authserv_id;
  bool dkim_lenient = false;
  std::size_t chunk = 65'535;
  bool json = false;
  bool json_lines = false;
};

struct RunCommand {
  DaemonOptions options;
};
struct CheckCommand {
  CheckOptions options;
};
struct ReloadCommand {
  ControlOptions options;
};
struct StatusCommand {
  ControlOptions options;
};
struct LimitsCommand {
  LimitsOptions options;
};
struct GrantsCommand {
  GrantsOptions options;
};
struct LimitsSuggestCommand {
  LimitsSuggestOptions options;
};
struct DkimKeygenCommand {
  DkimKeygenOptions options;
};
struct SpfCommand {
  SpfOptions options;
};
struct DmarcCommand {
  DmarcOptions options;
};
struct OrgDomainCommand {
  OrgDomainOptions options;
};
struct ArcSignCommand {
  ArcSignOptions options;
};
struct TestCommand {
  TestOptions options;
};
struct ReferenceCommand {
  ReferenceOptions options;
};
struct VersionCommand {
  VersionOptions options;
};
/// Nothing is left to do but to end with this status: help was asked for, or the line could not be understood.
struct Ended {
  int status;
};

using Command = std::variant<RunCommand, CheckCommand, TestCommand, GrantsCommand, LimitsCommand, LimitsSuggestCommand,
                             DkimKeygenCommand, SpfCommand, DmarcCommand, OrgDomainCommand, ArcSignCommand,
                             ReloadCommand, StatusCommand, ReferenceCommand, VersionCommand, Ended>;

/// Reads the command line. Help goes to standard output, mistakes to standard error.
Command parse_command_line(int argc, char** argv);

}  // namespace postern::cli
