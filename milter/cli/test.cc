#include "milter/cli/test.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "config/configuration.h"
#include "config/equip.h"
#include "milter/cli/message_file.h"
#include "milter/cli/test_report.h"
#include "policy/base/text.h"
#include "policy/engine/decision_record.h"
#include "policy/engine/session.h"

namespace postern::cli {

namespace {

constexpr const char* kSomeClient = "192.0.2.1";  // RFC 5737: documentation

int say(const std::string& problem) {
  std::fprintf(stderr, "postern: %s\n", problem.c_str());
  return kUnusable;
}

// The time of `--now`, or the real one.
class TestClock final : public Clock {
 public:
  explicit TestClock(std::optional<std::int64_t> unix_time) : unix_time_(unix_time) {}
  SteadyTime now() const override { return std::chrono::steady_clock::now(); }
  WallTime wall() const override {
    return unix_time_ ? WallTime(std::chrono::seconds(*unix_time_)) : std::chrono::system_clock::now();
  }

 private:
  std::optional<std::int64_t> unix_time_;
};

// The address in a field like From, well enough for an envelope that nobody has given: what stands in angle brackets,
// else all of it.
std::string address_in(const std::string& value) {
  const std::size_t open = value.rfind('<');
  const std::size_t close = value.find('>', open == std::string::npos ? 0 : open);
  if (open != std::string::npos && close != std::string::npos) return value.substr(open, close - open + 1);
  return "<" + std::string(trim(value)) + ">";
}

std::string sender_of(const TestOptions& options, const MessageFile& message) {
  if (options.mail_from) return options.mail_from->empty() ? "<>" : *options.mail_from;
  for (const char* const field : {"Return-Path", "From"}) {
    if (const auto value = message.first(field)) return address_in(*value);
  }
  return "<>";
}

std::vector<std::string> recipients_of(const TestOptions& options, const MessageFile& message, const Policy& policy) {
  if (!options.rcpt_to.empty()) return options.rcpt_to;
  if (const auto value = message.first("To")) return {address_in(*value)};
  return {"<someone@" + policy.site.hostname + ">"};
}

// One policy, one resolver, any number of messages.
class Bench {
 public:
  Bench(const TestOptions& options, config::Configuration configuration, Clock& clock, Counters& counters,
        std::unique_ptr<dns::Resolver> dns)
      : options_(options),
        dns_(std::move(dns)),
        log_(LogForm::logfmt, lines_),
        pool_("postern-evid", 0, 0),
        services_{clock, log_, counters, *dns_, pool_, [this](const DecisionRecord& record) { record_ = record; }},
        policy_(equipped(configuration)) {
    auto changed = std::make_shared<Policy>(*policy_);
    if (!options.authserv_id.empty()) changed->site.authserv_id = options.authserv_id;
    if (options.dkim_lenient) {
      auto lenient = std::make_shared<Backends>(*changed->backends);
      lenient->authentication.dkim.lenient = true;
      changed->backends = std::move(lenient);
    }
    // All of it is shown, whatever the rules read.
    Needs& needs = changed->needs;
    needs.headers = needs.body = needs.evidence = needs.signatures = true;
    policy_ = std::move(changed);
  }

  DecisionRecord judge(const MessageFile& message);

 private:
  // A store in memory alone, so that a try leaves nothing behind.
  std::shared_ptr<const Policy> equipped(config::Configuration& configuration) {
    auto store = store::make_store({}, services_.clock, services_.counters);
    config::equip(
        configuration, {},
        config::keep_in_memory(std::shared_ptr<store::Store>(std::move(*store)), services_.clock, services_.counters),
        *dns_, services_.clock, services_.counters);
    return configuration.policy;
  }
  Client client() const;
  std::shared_ptr<const Evidence> evidence(const MessageFile& message);
  void speak(Session& session, const MessageFile& message);

  const TestOptions& options_;
  std::unique_ptr<dns::Resolver> dns_;
  std::vector<std::string> lines_;
  Log log_;
  Pool pool_;
  Services services_;
  std::shared_ptr<const Policy> policy_;
  DecisionRecord record_;
};

Client Bench::client() const {
  Client client;
  client.local = options_.client_ip == "local";
  if (!client.local) client.ip = IpAddress::parse(options_.client_ip.value_or(kSomeClient));
  client.name = ascii_lower(client.local && options_.client_name.empty() ? "localhost" : options_.client_name);
  client.port = options_.client_port;
  client.listener = options_.listener;
  return client;
}

bool refuses(const Reaction& reaction) { return reaction.kind == Reaction::Kind::refuse; }

// The dialogue as an MTA would hold it, up to the first refusal of the message.
void Bench::speak(Session& session, const MessageFile& message) {
  const Greeting greeting{.helo = options_.helo.value_or("client.example"),
                          .tls_version = options_.tls,
                          .tls_cipher = {},
                          .tls_subject = {}};
  session.connect(client(), nullptr);
  session.helo(greeting, nullptr);
  Sender sender{.path = Path::parse(sender_of(options_, message)),
                .login = options_.login,
                .auth_type = options_.auth_type,
                .declared_size = {},
                .smtputf8 = false};
  if (refuses(session.mail(std::move(sender), greeting, nullptr))) return;
  bool any = false;
  for (const std::string& recipient : recipients_of(options_, message, *policy_)) {
    any = !refuses(session.rcpt({Path::parse(recipient)}, nullptr)) || any;
  }
  if (!any) return;
  if (refuses(session.data(nullptr))) return;
  for (const HeaderField& field : message.headers) session.header(field);
  if (refuses(session.end_of_headers(nullptr))) return;
  for (std::string_view rest = message.body; !rest.empty(); rest.remove_prefix(std::min(rest.size(), options_.chunk))) {
    if (refuses(session.body(rest.substr(0, options_.chunk)))) return;
    if (session.body_done()) break;
  }
  session.end_of_message(nullptr);
}

// What SPF, DKIM, ARC and DMARC say of a message that was refused before it came to its end.
std::shared_ptr<const Evidence> Bench::evidence(const MessageFile& message) {
  auto evidence = std::make_shared<Evidence>(
      Evidence::Inputs{.backends = policy_->backends,
                       .dns = std::make_shared<dns::MessageResolver>(*dns_, services_.counters),
                       .client = record_.client,
                       .greeting = record_.greeting,
                       .sender = record_.sender,
                       .receiver = policy_->site.hostname,
                       .unix_time = std::chrono::system_clock::to_time_t(services_.clock.wall()),
                       .clock = &services_.clock,
                       .signatures = true});
  evidence->header_is(std::make_shared<const Header>(message.headers),
                      std::make_shared<const HeaderAddresses>(read_addresses(message.headers)));
  evidence->body(message.body);
  evidence->body_is_complete();
  return evidence;
}

DecisionRecord Bench::judge(const MessageFile& message) {
  record_ = {};
  lines_.clear();
  Session session(services_, {.first = policy_, .current = {}, .can_adopt = {}});
  speak(session, message);
  session.close();
  if (record_.stage != Stage::end && record_.client && record_.sender) record_.evidence = evidence(message);
  if (!record_.recipients.empty() || !record_.reply) return record_;
  for (const std::string& recipient :
       recipients_of(options_, message, *policy_)) {  // refused before anybody could be named
    record_.recipients.push_back({.address = Path::parse(recipient).text(),
                                  .action = record_.action,
                                  .rule = record_.rule,
                                  .reply = record_.reply});
  }
  return record_;
}

int test_one(const TestOptions& options, Bench& bench) {
  const Result<MessageFile> message = read_message(options.message);
  if (!message) return say(message.error().message);
  const DecisionRecord record = bench.judge(*message);
  std::printf("%s", options.json || options.json_lines ? (decision_json(record, {}) + "\n").c_str()
                                                       : decision_text(record).c_str());
  return kOk;
}

int test_folder(const TestOptions& options, Bench& bench) {
  std::error_code problem;
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(options.batch, problem)) {
    if (entry.is_regular_file()) files.push_back(entry.path().string());
  }
  if (problem) return say(fmt::format("{}: {}", options.batch, problem.message()));
  std::sort(files.begin(), files.end());
  int status = kOk;
  for (const std::string& file : files) {
    const Result<MessageFile> message = read_message(file);
    if (!message) {
      status = say(message.error().message);
      continue;
    }
    const DecisionRecord record = bench.judge(*message);
    std::printf("%s", options.json || options.json_lines ? (decision_json(record, file) + "\n").c_str()
                                                         : decision_line(record, file).c_str());
  }
  return status;
}

std::optional<std::string> mistake(const TestOptions& options) {
  if (options.message.empty() == options.batch.empty()) return "test wants one message file, or --batch with a folder";
  if (options.client_ip && *options.client_ip != "local" && !IpAddress::parse(*options.client_ip)) {
    return fmt::format("--client-ip: \"{}\" is no address", printable(*options.client_ip, 60));
  }
  return std::nullopt;
}

}  // namespace

int test(const TestOptions& options) {
  if (const auto problem = mistake(options)) return say(*problem);
  Problems problems;
  const config::LoadOptions load{.generation = 1, .zone_file = options.zone, .offline = !options.dns};
  std::optional<config::Configuration> configuration = config::load_file(options.config, load, problems);
  for (const Problem& problem : problems.sorted()) std::fprintf(stderr, "%s\n", problem.line().c_str());
  if (!configuration) return kUnusable;
  TestClock clock(options.now);
  Counters counters;
  configuration->dns.canary.clear();  // one message is over before it could have answered
  Result<std::unique_ptr<dns::Resolver>> dns = dns::make_resolver(configuration->dns, clock, counters);
  if (!dns) return say(dns.error().message);
  Bench bench(options, *std::move(configuration), clock, counters, *std::move(dns));
  return options.batch.empty() ? test_one(options, bench) : test_folder(options, bench);
}

}  // namespace postern::cli
