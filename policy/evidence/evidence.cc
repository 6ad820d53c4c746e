#include "policy/evidence/evidence.h"

#include <algorithm>
#include <string>
#include <utility>

namespace postern {

namespace {

// Questions of one message. FAULTS T29 and T30 bound what strangers can make us ask with one record or header.
constexpr std::size_t kSpfQuestions = 111;
constexpr std::size_t kDkimQuestions = 16;    // most signatures that can be configured
constexpr std::size_t kArcQuestions = 64;     // seal and message signature of the most sets that can be configured
constexpr std::size_t kDmarcQuestions = 120;  // a walk of 8 for the author, SPF and each DKIM domain that passed

// Keys that are asked for before it is known which signatures are verified: nearly every message has fewer.
constexpr std::size_t kEarlyKeys = 3;

constexpr std::chrono::seconds kLongest{20};  // RFC 7208 4.6.4

using spf::Identity;

bool aligned_by_list(const Domain& domain, const Domain& author, dns::Resolver& dns, const Deadline& deadline) {
  return dmarc::is_aligned(domain, author, dmarc::Alignment::relaxed, dmarc::Model::psl, dns, deadline);
}

}  // namespace

struct Evidence::State {
  // One method: its questions, when it began, and what it said.
  template <class T>
  class Method {
   public:
    // `run` answers a result, and whether it is one that more time could change.
    using Run = std::function<std::pair<Evident<T>, bool>(dns::MessageResolver::View&, const Deadline&)>;
    Method(std::shared_ptr<dns::MessageResolver::View> view, const Clock& clock, Run run)
        : lazy_([view = std::move(view), &clock, run = std::move(run),
                 began = std::optional<SteadyTime>()](const Deadline& caller) mutable -> std::optional<EvidentPtr<T>> {
            if (!began) began = clock.now();
            const SteadyTime end = *began + kLongest;
            view->new_run();
            auto [found, unsure] = run(*view, caller.no_later_than(end));
            if (unsure && clock.now() < end) return std::nullopt;
            found.trust = std::max(found.trust, view->trust());
            return std::make_shared<const Evident<T>>(std::move(found));
          }) {}

    EvidentPtr<T> get(const Deadline& deadline) { return lazy_.get(deadline).value_or(nullptr); }
    EvidentPtr<T> peek() const { return lazy_.peek().value_or(nullptr); }

   private:
    Lazy<EvidentPtr<T>> lazy_;
  };
  using View = dns::MessageResolver::View;

  explicit State(Inputs given);

  std::pair<Evident<spf::Result>, bool> run_spf(Identity identity, View& dns, const Deadline& deadline) const;
  std::pair<Evident<std::vector<dkim::Result>>, bool> run_dkim(View& dns, const Deadline& deadline) const;
  std::pair<Evident<arc::Result>, bool> run_arc(View& dns, const Deadline& deadline) const;
  std::pair<Evident<std::optional<dmarc::Result>>, bool> run_dmarc(View& dns, const Deadline& deadline);
  std::pair<Evident<Proof>, bool> run_proof(View& dns, const Deadline& deadline);

  // Whose SPF is asked for (RFC 7208 2.4).
  std::optional<Domain> spf_domain() const {
    const Path& path = in.sender->path;
    if (path.null) return Domain::parse(in.greeting->helo);
    return path.mailbox ? path.mailbox->domain : std::nullopt;
  }
  const AuthenticationSettings& settings() const { return in.backends->authentication; }

  const Inputs in;
  const std::shared_ptr<View> key_view;
  std::shared_ptr<const Header> header;
  dmarc::Author author{.domain = {}, .problem = "no header"};
  dkim::BodyHashes bodies;
  std::size_t own_form = 0;
  std::size_t early_dkim = 0, early_arc = 0;
  bool complete = false;
  std::optional<dkim::Signatures> signatures;
  std::optional<arc::Chain> chain;

  Method<spf::Result> spf, spf_helo;
  Method<std::vector<dkim::Result>> dkim;
  Method<arc::Result> arc;
  Method<std::optional<dmarc::Result>> dmarc;
  Method<Proof> proof;
};

Evidence::State::State(Inputs given)
    : in(std::move(given)),
      key_view(in.dns->own_view(kDkimQuestions + kArcQuestions)),
      spf(in.dns->own_view(kSpfQuestions), *in.clock,
          [this](View& dns, const Deadline& deadline) { return run_spf(Identity::mail_from, dns, deadline); }),
      spf_helo(in.dns->own_view(kSpfQuestions), *in.clock,
               [this](View& dns, const Deadline& deadline) { return run_spf(Identity::helo, dns, deadline); }),
      dkim(in.dns->own_view(kDkimQuestions), *in.clock,
           [this](View& dns, const Deadline& deadline) { return run_dkim(dns, deadline); }),
      arc(in.dns->own_view(kArcQuestions), *in.clock,
          [this](View& dns, const Deadline& deadline) { return run_arc(dns, deadline); }),
      dmarc(in.dns->own_view(kDmarcQuestions), *in.clock,
            [this](View& dns, const Deadline& deadline) { return run_dmarc(dns, deadline); }),
      proof(in.dns->own_view(1), *in.clock,
            [this](View& dns, const Deadline& deadline) { return run_proof(dns, deadline); }) {
  if (in.hashes_body) own_form = bodies.add({});
}

std::pair<Evident<spf::Result>, bool> Evidence::State::run_spf(Identity identity, View& dns,
                                                               const Deadline& deadline) const {
  if (in.client->local || !in.client->ip) {
    spf::Result none;
    none.identity = identity;
    none.reason = "no client address";
    return {{std::move(none)}, false};
  }
  const spf::Query query{.client = *in.client->ip,
                         .helo = in.greeting->helo,
                         .mail_from = in.sender->path.text(),
                         .identity = identity,
                         .receiver = in.receiver,
                         .unix_time = in.unix_time};
  spf::Result result = spf::check(query, dns, deadline, settings().spf);
  const bool unsure = result.status == spf::Status::temperror && dns.was_late();
  return {{std::move(result)}, unsure};
}

std::pair<Evident<std::vector<dkim::Result>>, bool> Evidence::State::run_dkim(View& dns,
                                                                              const Deadline& deadline) const {
  if (!complete || !signatures || signatures->empty()) return {{}, false};
  auto results = signatures->verify(*header, bodies, *in.backends->keys, dns, in.unix_time, deadline);
  const bool open = std::any_of(results.begin(), results.end(),
                                [](const dkim::Result& r) { return r.status == dkim::Status::temperror; });
  return {{std::move(results)}, open && dns.was_late()};
}

std::pair<Evident<arc::Result>, bool> Evidence::State::run_arc(View& dns, const Deadline& deadline) const {
  if (!complete || !chain || chain->empty()) return {{}, false};
  arc::Result result = chain->validate(*header, bodies, *in.backends->keys, dns, in.unix_time, deadline);
  const bool unsure = (result.status == arc::Status::temperror || result.oldest_pass < 0) && dns.was_late();
  return {{std::move(result)}, unsure};
}

std::pair<Evident<std::optional<dmarc::Result>>, bool> Evidence::State::run_dmarc(View& dns, const Deadline& deadline) {
  if (!author.domain) return {{}, false};
  const auto by_spf = spf.get(deadline);
  const auto by_dkim = dkim.get(deadline);
  dmarc::Input input{.author = *author.domain, .spf = {}, .dkim = {}, .model = settings().model};
  dns::Trust trust = dns::Trust::local;
  if (by_spf) {
    trust = by_spf->trust;
    const auto domain = Domain::parse(by_spf->value.domain);
    if (by_spf->value.status == spf::Status::pass) input.spf = domain;
    if (by_spf->value.status == spf::Status::temperror) input.spf_unanswered = domain;
  } else {
    input.spf_unanswered = spf_domain();
  }
  if (by_dkim) {
    trust = std::max(trust, by_dkim->trust);
    for (const dkim::Result& r : by_dkim->value) {
      const auto domain = Domain::parse(r.domain);
      if (!domain) continue;
      if (r.proves()) input.dkim.push_back({*domain, r.selector});
      if (r.status == dkim::Status::temperror) input.dkim_unanswered.push_back(*domain);
    }
  } else if (signatures) {
    for (const std::string& text : signatures->domains()) {
      if (const auto domain = Domain::parse(text)) input.dkim_unanswered.push_back(*domain);
    }
  }
  dmarc::Result result = dmarc::evaluate(input, dns, deadline, static_cast<int>(in.unix_time % 100));
  // What is missing counts only where it could have been aligned: a stranger's slow zone holds up nobody's policy.
  const bool unsure = result.status == dmarc::Status::temperror && (dns.was_late() || !by_spf || !by_dkim);
  return {{std::move(result), trust}, unsure};
}

std::pair<Evident<Evidence::Proof>, bool> Evidence::State::run_proof(View& dns, const Deadline& deadline) {
  if (!author.domain) return {{Proof::no_author}, false};
  const auto judged = dmarc.get(deadline);
  if (!judged || !judged->value) return {{Proof::unknown}, true};
  const dns::Trust trust = judged->trust;
  switch (judged->value->status) {
    case dmarc::Status::pass: return {{Proof::proven, trust}, false};
    case dmarc::Status::fail: return {{Proof::unproven, trust}, false};
    case dmarc::Status::none:
    case dmarc::Status::permerror:
    case dmarc::Status::temperror: break;
  }
  // Without a record that says how, alignment is relaxed, by the public suffix list.
  const bool record_unknown = judged->value->status == dmarc::Status::temperror;  // whether there is one is not known
  bool unknown = record_unknown;
  const auto look = [&](const std::string& text, bool pass, bool temperror) {
    const auto domain = Domain::parse(text);
    if (!domain || !(pass || temperror) || !aligned_by_list(*domain, *author.domain, dns, deadline)) return false;
    unknown = unknown || temperror;
    return pass;
  };
  const auto by_spf = spf.peek();
  const auto by_dkim = dkim.peek();
  if (const auto domain = spf_domain(); !by_spf && domain) look(domain->text(), false, true);
  if (!by_dkim && signatures) {
    for (const std::string& domain : signatures->domains()) look(domain, false, true);
  }
  if (by_spf) {
    const spf::Status status = by_spf->value.status;
    if (look(by_spf->value.domain, status == spf::Status::pass, status == spf::Status::temperror) && !record_unknown)
      return {{Proof::proven, trust}, false};
  }
  if (by_dkim) {
    for (const dkim::Result& r : by_dkim->value) {
      if (look(r.domain, r.proves(), r.status == dkim::Status::temperror) && !record_unknown)
        return {{Proof::proven, trust}, false};
    }
  }
  return {{unknown ? Proof::unknown : Proof::unproven, trust}, unknown && (!by_spf || !by_dkim)};
}

Evidence::Evidence(Inputs inputs) : state_(std::make_unique<State>(std::move(inputs))) {}

Evidence::~Evidence() = default;

void Evidence::field(const HeaderField& field) {
  State& s = *state_;
  if (!s.in.signatures) return;
  if (s.early_dkim < kEarlyKeys) {
    if (const auto question = dkim::key_question(field)) {
      ++s.early_dkim;
      s.key_view->prefetch(*question);
    }
  }
  if (s.early_arc < kEarlyKeys) {
    for (const dns::Question& question : arc::key_questions(field)) {
      ++s.early_arc;
      s.key_view->prefetch(question);
    }
  }
}

void Evidence::header_is(std::shared_ptr<const Header> header, std::shared_ptr<const HeaderAddresses> addresses) {
  State& s = *state_;
  s.header = std::move(header);
  s.author = dmarc::author(*addresses);
  if (!s.in.signatures) return;
  const std::string author = s.author.domain ? s.author.domain->text() : std::string();
  s.signatures.emplace(*s.header, author, s.settings().dkim, s.bodies);
  s.chain.emplace(*s.header, s.settings().arc, s.bodies);
  if (!s.author.domain) return;
  for (const dns::Question& question : dmarc::questions(*s.author.domain, s.settings().model))
    s.key_view->prefetch(question);
}

void Evidence::body(std::string_view chunk) {
  if (!state_->bodies.empty()) state_->bodies.update(chunk);
}

void Evidence::body_is_complete() {
  state_->bodies.finish();
  state_->complete = true;
}

EvidentPtr<spf::Result> Evidence::spf(const Deadline& deadline) const { return state_->spf.get(deadline); }
EvidentPtr<spf::Result> Evidence::spf_helo(const Deadline& deadline) const { return state_->spf_helo.get(deadline); }
EvidentPtr<std::vector<dkim::Result>> Evidence::dkim(const Deadline& deadline) const {
  return state_->dkim.get(deadline);
}
EvidentPtr<arc::Result> Evidence::arc(const Deadline& deadline) const { return state_->arc.get(deadline); }
EvidentPtr<std::optional<dmarc::Result>> Evidence::dmarc(const Deadline& deadline) const {
  return state_->dmarc.get(deadline);
}
EvidentPtr<Evidence::Proof> Evidence::author_proof(const Deadline& deadline) const {
  return state_->proof.get(deadline);
}

const dmarc::Author& Evidence::author() const { return state_->author; }

Evidence::Told Evidence::told() const {
  return {state_->spf.peek(), state_->dkim.peek(), state_->arc.peek(), state_->dmarc.peek()};
}

const dkim::BodyHashes::Hashed& Evidence::signed_body() const { return state_->bodies.at(state_->own_form); }

}  // namespace postern
