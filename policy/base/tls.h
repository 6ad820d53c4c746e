#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "policy/base/result.h"

namespace postern {

/// How a client speaks TLS. Made once; immutable, thread-safe.
class TlsContext {
 public:
  struct Options {
    /// The certificate must lead to a root that is trusted and be for the name that was asked for. Without, any
    /// certificate and any strength will do: opportunistic encryption (RFC 7435).
    bool verify = true;
    std::string ca_file;  ///< roots, as PEM; those of the system where empty
  };
  static Result<std::shared_ptr<const TlsContext>> client(const Options& options);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

 private:
  friend class TlsSession;
  struct State;
  explicit TlsContext(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// One TLS connection of a client, between bytes and bytes: it knows no socket and never waits. After each call what
/// outgoing() answers is to be sent.
class TlsSession {
 public:
  enum class Step { done, want_more, closed, failed };

  TlsSession(const TlsContext& context, const std::string& server_name);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  /// What came from the peer, for the next calls.
  void incoming(std::string_view bytes);
  /// What is to be sent to the peer; empty where there is nothing.
  std::string outgoing();

  Step handshake();
  /// Adds what has been deciphered to `text`; want_more where nothing is there.
  Step read(std::string& text);
  Step write(std::string_view text);
  /// Says goodbye (close_notify).
  void close();

  /// Why it failed, in the library's words.
  const std::string& problem() const { return problem_; }

 private:
  struct State;
  Step step_of(int result);
  std::unique_ptr<State> state_;
  std::string problem_;
};

}  // namespace postern
