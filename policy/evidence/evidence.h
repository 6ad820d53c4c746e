#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "policy/auth/arc/arc.h"
#include "policy/auth/dkim/body_hashes.h"
#include "policy/auth/dkim/verify.h"
#include "policy/auth/dmarc/dmarc.h"
#include "policy/auth/spf/spf.h"
#include "policy/base/clock.h"
#include "policy/base/deadline.h"
#include "policy/base/lazy.h"
#include "policy/dns/message_resolver.h"
#include "policy/evidence/backends.h"
#include "policy/mail/facts.h"
#include "policy/mail/header_address.h"

namespace postern {

/// Something found out, and how far the DNS answers that it rests on can be relied on.
template <class T>
struct Evident {
  T value;
  dns::Trust trust = dns::Trust::local;
};
template <class T>
using EvidentPtr = std::shared_ptr<const Evident<T>>;  ///< null: not known yet

using Header = std::vector<HeaderField>;

/// What the protocols of sender authentication say of one message, each found out once, by whoever needs it first. The
/// facts come in as the dialogue goes, by one thread at a time; the questions may be asked by any thread, also when the
/// message is over.
///
/// An answer is null where it is not there by the deadline and may still come. Each method has a share of DNS questions
/// of its own, and one time limit from its beginning on; what is not known then is `temperror` for good.
class Evidence {
 public:
  struct Inputs {
    std::shared_ptr<const Backends> backends;
    std::shared_ptr<dns::MessageResolver> dns;
    std::shared_ptr<const Client> client;
    std::shared_ptr<const Greeting> greeting;
    std::shared_ptr<const Sender> sender;
    std::string receiver;  ///< our own name
    std::int64_t unix_time = 0;
    const Clock* clock = nullptr;  ///< outlives this
    bool signatures = false;       ///< DKIM or ARC will be asked for: keys are announced, the body is hashed
    bool hashes_body = false;      ///< somebody wants to sign it
  };
  explicit Evidence(Inputs inputs);
  ~Evidence();

  /// A field of the header goes by: a key that it names is asked for at once.
  void field(const HeaderField& field);
  /// The header is complete.
  void header_is(std::shared_ptr<const Header> header, std::shared_ptr<const HeaderAddresses> addresses);
  void body(std::string_view chunk);
  /// The message is complete.
  void body_is_complete();

  /// Of MAIL FROM, or of HELO with the null reverse-path (RFC 7208 2.4). `none` without a client's address.
  EvidentPtr<spf::Result> spf(const Deadline& deadline) const;
  EvidentPtr<spf::Result> spf_helo(const Deadline& deadline) const;
  /// Of every DKIM-Signature, in the order of the header. As the next two, to be asked after body_is_complete().
  EvidentPtr<std::vector<dkim::Result>> dkim(const Deadline& deadline) const;
  EvidentPtr<arc::Result> arc(const Deadline& deadline) const;
  /// Nothing in it: there is no author's domain, author().problem says why.
  EvidentPtr<std::optional<dmarc::Result>> dmarc(const Deadline& deadline) const;
  /// Of From; from header_is() on.
  const dmarc::Author& author() const;

  /// Is the author's domain aligned with an SPF or DKIM pass, with a policy record or without?
  enum class Proof { proven, unproven, no_author, unknown };
  EvidentPtr<Proof> author_proof(const Deadline& deadline) const;

  /// What was asked for and found so far; never waits.
  struct Told {
    EvidentPtr<spf::Result> spf;
    EvidentPtr<std::vector<dkim::Result>> dkim;
    EvidentPtr<arc::Result> arc;
    EvidentPtr<std::optional<dmarc::Result>> dmarc;
  };
  Told told() const;

  /// The relaxed sha256 hash of the whole body, where `hashes_body`; after body_is_complete().
  const dkim::BodyHashes::Hashed& signed_body() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace postern
