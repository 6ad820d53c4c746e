#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "policy/engine/direction.h"

namespace postern::session {

/// What is said in the sessions, and what the model knows of it.

struct ClientWord {
  const char* host;
  const char* address;  ///< null: none is told, as by a message handed in on the MTA's machine
  const char* listener;
  bool is_bad;  ///< the policies' bad client
};

struct SenderWord {
  const char* path;
  const char* login;
  enum class Domain { fine, bad, soft, gone, null_mx, lookup_fails, malformed, none } domain;
};

struct RecipientWord {
  const char* path;
  enum class Local { plain, bad, soft, other, postmaster, none } local;
  bool by_mta = false;  ///< the MTA has refused it itself
};

struct HeaderWord {
  const char* name;
  const char* value;  ///< null: as many bytes as one over the cap on a field
  bool is_spam = false;
  bool is_forged = false;  ///< claims to be our Authentication-Results
};

/// What an MTA offers.
struct OfferWord {
  const char* name;
  unsigned long actions;
  unsigned long steps;
};

extern const ClientWord kClients[7];
extern const char* const kHelos[4];
extern const SenderWord kSenders[10];
extern const RecipientWord kRecipients[8];
extern const HeaderWord kHeaders[8];
extern const std::size_t kBodies[4];
extern const OfferWord kOffers[6];
extern const std::string_view kBadHelo;
/// A zone in which the senders' domains are as SenderWord::Domain says.
extern const std::string_view kZone;

/// One callback with what it is told.
struct Event {
  enum class Kind {
    negotiate,
    connect,
    helo,
    mail,
    rcpt,
    data,
    header,
    end_of_headers,
    body,
    end_of_message,
    abort,
    close,
  };
  static constexpr unsigned kKinds = 12;

  Kind kind = Kind::close;
  std::size_t word = 0;  ///< index into the words of its kind; 0 where there are none

  /// As a person reads it: `rcpt <a@site.test>`.
  std::string text() const;
};
std::string_view name(Event::Kind kind);
/// How many words an event of this kind may be told.
std::size_t words(Event::Kind kind);

}  // namespace postern::session
