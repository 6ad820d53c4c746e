#include "tests/support/world.h"

#include <algorithm>
#include <stdexcept>
#include <thread>

#include "policy/base/text.h"
#include "policy/checks/run.h"
#include "policy/dns/message_resolver.h"
#include "policy/dns/zone_resolver.h"

namespace postern::test {

namespace {

class OurDomains final : public rules::List {
 public:
  OurDomains(std::vector<std::string> domains, bool lost) : domains_(std::move(domains)), lost_(lost) {}
  Answer contains(const rules::Value& value, std::int64_t) const override {
    if (lost_) return Answer::unavailable;
    return std::find(domains_.begin(), domains_.end(), std::get<Domain>(value).text()) != domains_.end() ? Answer::yes
                                                                                                         : Answer::no;
  }
  std::size_t size() const override { return domains_.size(); }

 private:
  const std::vector<std::string> domains_;
  const bool lost_;
};

std::unique_ptr<dns::Resolver> read_zone(std::string_view zone) {
  auto resolver = dns::ZoneResolver::parse("zone", zone);
  if (!resolver)
    throw std::runtime_error("zone:" + std::to_string(resolver.error().where.line) + ": " + resolver.error().message);
  return std::move(resolver).value();
}

Node scalar(const std::string& text) {
  Node node;
  node.kind = Node::Kind::scalar;
  node.text = text;
  return node;
}

Site home() {
  Site site;
  site.hostname = "mx.home.example";
  site.domains = std::make_shared<OurDomains>(std::vector<std::string>{"home.example"}, false);
  site.addresses = {*IpAddress::parse("198.51.99.1")};
  return site;
}

}  // namespace

Node settings_node(const std::map<std::string, std::map<std::string, std::string>>& settings) {
  Node section;
  section.kind = Node::Kind::map;
  for (const auto& [name, values] : settings) {
    Node map;
    map.kind = Node::Kind::map;
    for (const auto& [key, value] : values) map.entries.push_back({scalar(key), scalar(value)});
    section.entries.push_back({scalar(name), map});
  }
  return section;
}

std::vector<HeaderField> header_fields(std::string_view text) {
  std::vector<HeaderField> fields;
  for (const std::string_view line : split(text, '\n')) {
    if ((line.starts_with(' ') || line.starts_with('\t')) && !fields.empty()) {
      fields.back().value.append("\n").append(line);
    } else if (const std::size_t colon = line.find(':'); colon != std::string_view::npos) {
      fields.push_back({std::string(line.substr(0, colon)), std::string(line.substr(colon + 1))});
    }
  }
  return fields;
}

const CheckType& check_type(std::string_view name) {
  for (const CheckType* type : check_types()) {
    if (type->name == name) return *type;
  }
  throw std::runtime_error("no check " + std::string(name));
}

World::World(std::string_view zone) : owned_(read_zone(zone)), resolver_(*owned_), site_(home()) {}

World::World(dns::Resolver& resolver) : resolver_(resolver), site_(home()) {}

World::~World() = default;

void World::client(std::string_view address, std::string name) {
  client_.ip = IpAddress::parse(address);
  client_.name = std::move(name);
}

void World::set(const std::string& name, const std::string& key, const std::string& value) {
  settings_[name][key] = value;
}

void World::lose_site_domains() { site_.domains = std::make_shared<OurDomains>(std::vector<std::string>{}, true); }

std::vector<ConfiguredCheck> World::checks() const {
  const Node section = settings_node(settings_);
  Problems problems;
  auto checks = configure_checks(&section, problems);
  if (!problems.usable()) throw std::runtime_error(problems.all().front().line());
  return checks;
}

Finding World::finding(std::string_view name, std::string_view subject) {
  const auto configured = checks();
  const auto found = std::find_if(configured.begin(), configured.end(),
                                  [&](const ConfiguredCheck& c) { return c.type->name == name; });
  if (found == configured.end()) throw std::runtime_error("no check " + std::string(name));
  Client client = client_;
  Greeting greeting;
  Sender sender;
  sender.path = Path::parse(mail_from_);
  sender.login = login_;
  greeting.helo = helo_;
  Recipient recipient;
  auto header = std::make_shared<Header>();
  std::string_view body;
  HeaderAddresses addresses;
  std::string first_received;
  if (found->type->stage == Stage::connect) {
    client.ip = IpAddress::parse(subject);
  } else if (found->type->stage == Stage::recipient) {
    recipient.path = Path::parse(subject);
  } else if (found->type->stage >= Stage::headers) {
    const std::size_t header_ends = std::min(subject.find("\n\n"), subject.size());
    *header = header_fields(subject.substr(0, header_ends));
    body = subject.substr(std::min(header_ends + 2, subject.size()));
    addresses = read_addresses(*header);
    const auto received =
        std::find_if(header->begin(), header->end(), [](const HeaderField& f) { return f.is("Received"); });
    if (received != header->end()) first_received = received->unfolded();
  } else {
    sender.path = Path::parse(subject);
    greeting.helo = subject;
  }
  const MailFacts mail{.client = &client,
                       .greeting = &greeting,
                       .sender = &sender,
                       .recipient = &recipient,
                       .addresses = &addresses,
                       .first_received = first_received,
                       .direction = direction_};
  Backends made = backends_;
  if (!made.store) made.store = std::shared_ptr<store::Store>(std::shared_ptr<void>(), &store_);
  const Workshop workshop{
      .site = site_, .dns = resolver_, .store = *made.store, .clock = clock_, .counters = counters_, .made = made};
  for (const ConfiguredCheck& check : configured) check.check->equip(workshop);
  const Deadline patient(clock_.now() + std::chrono::minutes(1));
  const auto message = std::make_shared<dns::MessageResolver>(resolver_, counters_);
  Evidence evidence({.backends = std::make_shared<const Backends>(made),
                     .dns = message,
                     .client = std::make_shared<const Client>(client),
                     .greeting = std::make_shared<const Greeting>(greeting),
                     .sender = std::make_shared<const Sender>(sender),
                     .receiver = site_.hostname,
                     .unix_time = unix_time_,
                     .clock = &clock_,
                     .signatures = found->type->evidence});
  evidence.header_is(header, std::make_shared<const HeaderAddresses>(addresses));
  evidence.body(body);
  evidence.body_is_complete();
  const Surroundings around{.site = site_,
                            .backends = made,
                            .clock = clock_,
                            .unix_time = unix_time_,
                            .counters = &counters_,
                            .may_probe = may_probe_,
                            .evidence = &evidence,
                            .signing = signing_.get()};
  const auto view = message->view(found->questions);
  const SteadyTime began = clock_.now();
  for (;;) {  // until it has its answer, or its time is over
    if (auto run = run_check(*found, mail, around, *view, patient, began)) return std::move(run->finding);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

std::string World::check(std::string_view name, std::string_view subject) {
  return std::string(finding(name, subject).outcome->name);
}

}  // namespace postern::test
