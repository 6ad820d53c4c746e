#include "milter/cli/command_line.h"

#include <CLI/CLI.hpp>

#include "milter/version.h"

namespace postern::cli {

namespace {

constexpr const char* kFooter =
    "Exit status: 0 done, or (test) a decision was reached, whatever it is; 1 the daemon could not start, is not there "
    "or refused;\n"
    "2 the configuration cannot be used, or the command line cannot be understood.";

void config_option(CLI::App& app, std::string& config) {
  app.add_option("-c,--config", config, "Configuration file")->capture_default_str();
}

void json_flag(CLI::App& app, bool& json) { app.add_flag("--json", json, "Answer in JSON"); }

void run_options(CLI::App& app, DaemonOptions& o) {
  o.config = kDefaultConfig;
  config_option(app, o.config);
  app.add_option("--user", o.user, "Become this user once the sockets are open");
  app.add_option_function<std::vector<std::string>>(
         "--test-without",
         [&o](const std::vector<std::string>& parts) { o.test.left_out.insert(parts.begin(), parts.end()); },
         "Leave a protection out, to show what it is there for (tests only)")
      ->check(CLI::IsMember({"acknowledge",   "close",        "deadlines", "edit-check",    "escape",
                             "file-guard",    "header-caps",  "hold",      "intersection",  "log-limit",
                             "macro-pairs",   "memory-guard", "nudge",     "packet-limit",  "reset",
                             "session-check", "shield",       "signals",   "silence-limit", "steady-time",
                             "snapshot",      "socket-claim"}))
      ->group("");
  app.add_option("--test-fault", o.test.fault, "STEP/KIND: let a place fail (tests only)")->group("");
  app.add_option("--test-memory", o.test.memory, "Bytes that the process may use (tests only)")->group("");
  app.add_option_function<int>(
         "--test-patience", [&o](int ms) { o.test.patience = std::chrono::milliseconds(ms); },
         "Milliseconds for silent clients and half packets (tests only)")
      ->group("");
}

void control_options(CLI::App& app, ControlOptions& o) {
  config_option(app, o.config);
  app.add_option("--socket", o.socket, "The daemon's control socket, instead of the one that the configuration names");
  json_flag(app, o.json);
}

/// One of the commands that ask the daemon about limits and accounts.
CLI::App* limits_command(CLI::App& group, const char* name, const char* what, LimitsOptions& o) {
  CLI::App* const app = group.add_subcommand(name, what);
  control_options(*app, o.control);
  app->callback([&o, text = group.get_name() + " " + name] { o.command = text; });
  return app;
}

void limits_options(CLI::App& group, LimitsOptions& o) {
  const auto add = [&](const char* name, const char* what) { return limits_command(group, name, what, o); };
  CLI::App* const show = add("show", "What is counted for a key: a login, an address, a network");
  show->add_option("key", o.key, "The key, as the limit has it")->required();
  CLI::App* const top = add("top", "Who has used most of what he may");
  top->add_option("limit", o.limit, "Of this limit alone");
  top->add_option("--most", o.most, "So many")->check(CLI::Range(1, 1000))->capture_default_str();
  CLI::App* const reset = add("reset", "Forget what is counted for a key");
  reset->add_option("key", o.key, "The key")->required();
  reset->add_option("--limit", o.limit, "Of this limit alone");
  CLI::App* const predict = add("predict", "What would become of so many more, and when there will be room");
  predict->add_option("key", o.key, "The key")->required();
  predict->add_option("amount", o.amount, "How many more")->check(CLI::Range(0, 1'000'000'000))->capture_default_str();
}

void account_options(CLI::App& group, LimitsOptions& o) {
  const auto add = [&](const char* name, const char* what) { return limits_command(group, name, what, o); };
  CLI::App* const freeze = add("freeze", "An account may not send for a while");
  freeze->add_option("login", o.login, "The account")->required();
  freeze->add_option("--for", o.length, "How long: 12h, 7d")->capture_default_str();
  freeze->add_option("--why", o.why, "Said in the log and by `account show`");
  CLI::App* const release = add("release", "It may send again");
  release->add_option("login", o.login, "The account")->required();
  CLI::App* const show = add("show", "Whether an account is frozen; without one, all that are");
  show->add_option("login", o.login, "The account");
}

void grants_options(CLI::App& app, GrantsOptions& o) {
  config_option(app, o.config);
  app.add_option("--store", o.store, "File of the store, instead of the one that the configuration names");
  app.add_option("--login", o.login, "Of this login alone");
  app.add_option("--least", o.least, "Leave out what was seen less often")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  app.add_option("--whole-domain", o.whole_domain,
                 "So many addresses of a domain become a grant for all of it; 0: never")
      ->check(CLI::Range(0, 1'000'000))
      ->capture_default_str();
  json_flag(app, o.json);
}

void limits_suggest_options(CLI::App& app, LimitsSuggestOptions& o) {
  app.add_option("files", o.files, "Logs: Postern's events or Postfix's mail log, - for standard input")->required();
  app.add_option("--unit", o.unit, "What is counted")
      ->check(CLI::IsMember({"messages", "recipients", "bytes"}))
      ->capture_default_str();
  app.add_option("--margin", o.margin, "How many times as much as has been used")
      ->check(CLI::Range(1.0, 100.0))
      ->capture_default_str();
  json_flag(app, o.json);
}

void dkim_keygen_options(CLI::App& app, DkimKeygenOptions& o) {
  app.add_option("--domain", o.domain, "Domain that signs")->required();
  app.add_option("--selector", o.selector, "Name of the key within the domain")->required();
  app.add_option("--type", o.type, "rsa, which every receiver knows, or ed25519, which is short")
      ->check(CLI::IsMember({"rsa", "ed25519"}))
      ->capture_default_str();
  app.add_option("--bits", o.bits, "Length of an RSA key")->check(CLI::Range(1024, 8192))->capture_default_str();
  app.add_option("--out", o.out,
                 "File for the private key, which must not be there yet; SELECTOR.DOMAIN.pem without it");
  json_flag(app, o.json);
}

void spf_options(CLI::App& app, SpfOptions& o) {
  app.add_option("--client-ip", o.client_ip, "The client's address")->required();
  app.add_option("--helo", o.helo, "What it greets with");
  app.add_option("--mail-from", o.mail_from, "Envelope sender; without it, \"\" or <>: the null sender");
  app.add_option("--zone", o.zone, "DNS from this zone file alone");
  app.add_flag("--helo-identity", o.helo_identity, "Ask for the name in HELO, instead of the sender's domain");
  app.add_flag("--explain", o.explain, "After a fail, look up the domain's explanation");
  json_flag(app, o.json);
}

void dmarc_options(CLI::App& app, DmarcOptions& o) {
  app.add_option("--from", o.from, "The author: an address of From, or its domain")->required();
  app.add_option("--spf", o.spf, "Domain that SPF passed for");
  app.add_option("--dkim", o.dkim, "Domain that a DKIM signature passed for, may be given again");
  app.add_option("--model", o.model, "rfc9989: the tree walk; psl: RFC 7489 with the public suffix list")
      ->check(CLI::IsMember({"psl", "rfc9989"}))
      ->capture_default_str();
  app.add_option("--zone", o.zone, "DNS from this zone file alone");
  json_flag(app, o.json);
}

void org_domain_options(CLI::App& app, OrgDomainOptions& o) {
  app.add_option("name", o.domain, "A domain")->required();
  app.add_option("--model", o.model, "psl: the public suffix list; rfc9989: the tree walk, as with --zone")
      ->check(CLI::IsMember({"psl", "rfc9989"}));
  app.add_option("--zone", o.zone, "DNS from this zone file alone");
  json_flag(app, o.json);
}

void arc_sign_options(CLI::App& app, ArcSignOptions& o) {
  app.add_option("message", o.message, "A message file, - for standard input")->required();
  app.add_option("--key", o.key, "File of the private key, RSA")->required();
  app.add_option("--domain", o.domain, "Domain that seals")->required();
  app.add_option("--selector", o.selector, "Name of the key within the domain")->required();
  app.add_option("--authserv-id", o.authserv_id, "Who found the results")->required();
  app.add_option("--authentication-results", o.authentication_results, "The results, without the authserv-id")
      ->required();
  app.add_option("--headers", o.headers, "Names of the fields to sign, with colons between them");
  app.add_option("--now", o.now, "The time, in seconds since 1970");
  app.add_option("--zone", o.zone, "DNS from this zone file alone");
  json_flag(app, o.json);
}

void test_options(CLI::App& app, TestOptions& o) {
  config_option(app, o.config);
  app.add_option("message", o.message, "A message file, - for standard input");
  app.add_option("--batch", o.batch, "Every file of this folder, one line each");
  app.add_option("--client-ip", o.client_ip, "The client's address; \"local\" for a message handed in on this machine");
  app.add_option("--client-name", o.client_name, "The client's verified name");
  app.add_option("--client-port", o.client_port, "The client's port");
  app.add_option("--helo", o.helo, "What it greets with");
  app.add_option("--mail-from", o.mail_from, "Envelope sender; \"\" or <> is the null sender");
  app.add_option("--rcpt-to", o.rcpt_to, "Envelope recipient, may be given again");
  app.add_option("--login", o.login, "The account it has authenticated as");
  app.add_option("--auth-type", o.auth_type, "The SASL mechanism");
  app.add_option("--tls", o.tls, "TLS version, as TLSv1.3");
  app.add_option("--listener", o.listener, "{daemon_name} of the mail server's listener");
  app.add_option("--zone", o.zone, "DNS from this zone file alone");
  app.add_flag("--dns", o.dns, "Ask DNS; without it and --zone every question fails at once");
  app.add_option("--now", o.now, "The time, in seconds since 1970");
  app.add_option("--authserv-id", o.authserv_id, "Instead of site.authserv_id");
  app.add_flag("--dkim-lenient", o.dkim_lenient,
               "rsa-sha1 and RSA keys from 512 bits on pass, for old collections of mail");
  app.add_option("--chunk", o.chunk, "Bytes of a body chunk")->check(CLI::Range(1, 65'535))->capture_default_str();
  json_flag(app, o.json);
  app.add_flag("--json-lines", o.json_lines, "With --batch: one JSON object a line");
}

}  // namespace

Command parse_command_line(int argc, char** argv) {
  CLI::App app("Postern, the policy gate beside your mail server");
  app.footer(kFooter);
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string(kVersion));
  Command command = Ended{kOk};
  const auto add = [&](const char* name, const char* what) { return app.add_subcommand(name, what); };

  RunCommand run;
  CLI::App* const run_app = add("run", "Serve the mail server");
  run_options(*run_app, run.options);
  CheckCommand check;
  CLI::App* const check_app = add("check", "Read a configuration and tell every mistake");
  config_option(*check_app, check.options.config);
  check_app->add_option("file", check.options.config, "The same as -c");
  check_app->add_flag("--stages", check.options.stages,
                      "For each rule: when it is known, when it can be spoken, what holds it back");
  json_flag(*check_app, check.options.json);
  TestCommand test;
  CLI::App* const test_app = add("test", "Put one message through the policy, offline");
  test_options(*test_app, test.options);
  GrantsCommand grants;
  CLI::App* const grants_app = add("grants", "Who may send as whom");
  grants_app->require_subcommand(1);
  grants_options(*grants_app->add_subcommand("propose", "The grants that the mail seen so far needs"), grants.options);
  LimitsCommand limits;
  LimitsSuggestCommand limits_suggest;
  CLI::App* const limits_app = add("limits", "What limits have counted, and what they could be");
  limits_app->require_subcommand(1);
  limits_options(*limits_app, limits.options);
  CLI::App* const limits_suggest_app =
      limits_app->add_subcommand("suggest", "Limits that the mail of the past would have kept to");
  limits_suggest_options(*limits_suggest_app, limits_suggest.options);
  CLI::App* const account_app = add("account", "Accounts that may not send for now");
  account_app->require_subcommand(1);
  account_options(*account_app, limits.options);
  DkimKeygenCommand dkim_keygen;
  CLI::App* const dkim_app = add("dkim", "Keys to sign with");
  dkim_app->require_subcommand(1);
  dkim_keygen_options(*dkim_app->add_subcommand("keygen", "A new key, its DNS record, and where to name it"),
                      dkim_keygen.options);
  SpfCommand spf;
  CLI::App* const spf_app = add("spf", "Ask whether a client may send for a domain (SPF)");
  spf_options(*spf_app, spf.options);
  DmarcCommand dmarc;
  CLI::App* const dmarc_app = add("dmarc", "Ask what DMARC makes of an author");
  dmarc_options(*dmarc_app, dmarc.options);
  OrgDomainCommand org_domain;
  CLI::App* const org_domain_app = add("org-domain", "The organizational domain of a name (DMARC)");
  org_domain_options(*org_domain_app, org_domain.options);
  ArcSignCommand arc_sign;
  CLI::App* const arc_sign_app = add("arc-sign", "Seal a message (ARC)");
  arc_sign_options(*arc_sign_app, arc_sign.options);
  ReloadCommand reload;
  CLI::App* const reload_app = add("reload", "Put a changed configuration in force");
  control_options(*reload_app, reload.options);
  StatusCommand status;
  CLI::App* const status_app = add("status", "How the daemon is");
  control_options(*status_app, status.options);
  ReferenceCommand reference;
  CLI::App* const reference_app = add("reference", "Print the reference of the configuration");
  json_flag(*reference_app, reference.options.json);
  reference_app->add_flag("--markdown", reference.options.markdown, "As docs/configuration.md has it");
  VersionCommand version;
  CLI::App* const version_app = add("version", "Print the version");
  json_flag(*version_app, version.options.json);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return Ended{app.exit(e) == 0 ? kOk : kUnusable};
  }
  if (*run_app) command = std::move(run);
  if (*check_app) command = std::move(check);
  if (*test_app) command = std::move(test);
  if (*grants_app) command = std::move(grants);
  if (*limits_app || *account_app) command = std::move(limits);
  if (*limits_suggest_app) command = std::move(limits_suggest);
  if (*dkim_app) command = std::move(dkim_keygen);
  if (*spf_app) command = std::move(spf);
  if (*dmarc_app) command = std::move(dmarc);
  if (*org_domain_app) command = std::move(org_domain);
  if (*arc_sign_app) command = std::move(arc_sign);
  if (*reload_app) command = std::move(reload);
  if (*status_app) command = std::move(status);
  if (*reference_app) command = reference;
  if (*version_app) command = version;
  return command;
}

}  // namespace postern::cli
