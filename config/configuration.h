#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/accounts_section.h"
#include "policy/base/log.h"
#include "policy/base/problem.h"
#include "policy/dns/options.h"
#include "policy/engine/policy.h"
#include "policy/limits/overrides.h"
#include "policy/notices/notifier.h"
#include "policy/store/make_store.h"

namespace postern::config {

/// Where the MTA reaches us: `unix:/path` or `inet:port@host` (libmilter's and Sendmail's notation).
struct Listen {
  enum class Kind { unix_socket, inet, inet6 };
  Kind kind = Kind::unix_socket;
  std::string path;  ///< of a Unix socket, at most 107 bytes
  std::string host;  ///< a literal address
  std::uint16_t port = 0;
  unsigned mode = 0660;  ///< of a Unix socket
  std::string group;     ///< of a Unix socket; empty: ours

  /// As smfi_setconn takes it, never in a form it misreads.
  std::string libmilter_text() const;
  /// As an administrator writes it: for Postfix's main.cf.
  std::string postfix_text() const;
};

/// Understands `unix:/path`, `local:/path`, `/path`, `inet:port@host`, `inet6:port@host` and Postfix's
/// `inet:host:port`; refuses an address without a host, a host name, and everything else, saying what would be right.
/// Pure.
Result<Listen> parse_listen(std::string_view text, const Place& where);

/// A whole configuration: the policy, and what the process needs beside it.
struct Configuration {
  std::shared_ptr<const Policy> policy;
  Listen listen;
  dns::Options dns;
  store::Options store;
  std::vector<DirectorySpec> directories;  ///< `accounts:`, see equip()
  std::string backends_made_of;            ///< all that what stands behind the checks is made of, as one text
  LogForm log_form = LogForm::logfmt;
  LogLevel log_level = LogLevel::info;
  std::string control_socket;       ///< admin.socket
  std::size_t max_sessions = 2000;  ///< more get 451 4.3.2
  std::size_t max_callbacks = 500;  ///< callbacks at work at once, likewise
  std::size_t evidence_threads = 8;
  std::chrono::seconds drain{30};       ///< longest wait for open sessions at SIGTERM
  std::shared_ptr<rules::Lists> lists;  ///< to be refreshed from time to time, like the next
  std::vector<std::shared_ptr<limits::OverrideFile>> overrides;
  std::vector<std::shared_ptr<GeoDatabase>> geo;
  std::size_t ledger_bytes = std::size_t{256} << 20;  ///< what limits may count in
  notices::NotifyOptions notify;
};

struct LoadOptions {
  std::uint64_t generation = 1;
  std::optional<std::string> zone_file;  ///< `--zone`: instead of dns.servers
  bool offline = false;
};

/// Loads a configuration file with its includes. All mistakes, and warnings, go to `problems`; nothing is answered
/// unless it is usable.
std::optional<Configuration> load_file(const std::string& path, const LoadOptions& options, Problems& problems);
/// The same of a text; `name` stands for the file in messages, relative paths are taken from `folder`.
std::optional<Configuration> load_text(std::string_view name, std::string_view text, const std::string& folder,
                                       const LoadOptions& options, Problems& problems);

/// Where the daemon of this file is asked: its `admin.socket`, whatever else is wrong with the file. Nothing where it cannot
/// be read at all; `problems` then says why.
std::optional<std::string> control_socket_of(const std::string& path, Problems& problems);

}  // namespace postern::config
