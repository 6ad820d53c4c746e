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
  app.add_flag("--dkim-lenient", o.dkim_lenient, "Accepted; of no effect before DKIM is there");
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
  if (*reload_app) command = std::move(reload);
  if (*status_app) command = std::move(status);
  if (*reference_app) command = reference;
  if (*version_app) command = version;
  return command;
}

}  // namespace postern::cli
