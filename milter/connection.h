#pragma once

#include <libmilter/mfapi.h>
#include <sys/socket.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "milter/gate.h"
#include "milter/negotiate.h"
#include "policy/engine/session.h"

namespace postern {

/// One milter session: turns libmilter's events into facts for the engine, and the engine's reactions into what
/// libmilter sends.
///
/// The methods are called one after another, on changing threads. Each answers what its callback returns; `context` is
/// libmilter's, for the time of the call. A refusal that cannot be spoken at its step, since no reply was negotiated
/// there, is kept and spoken at the next one that has a reply.
class Connection final : public WaitObserver {
 public:
  Connection(Gate& gate, std::shared_ptr<const Policy> policy, Terms terms);
  ~Connection() override;

  sfsistat connect(SMFICTX* context, const char* host, const sockaddr* address);
  sfsistat helo(const char* name);
  sfsistat mail(SMFICTX* context, char** arguments);
  sfsistat rcpt(SMFICTX* context, char** arguments);
  sfsistat data(SMFICTX* context);
  sfsistat header(SMFICTX* context, const char* name, const char* value);
  sfsistat end_of_headers(SMFICTX* context);
  sfsistat body(SMFICTX* context, std::string_view chunk);
  sfsistat end_of_message(SMFICTX* context);
  void abort();
  /// Never blocks.
  void close();

  /// After an exception in `step`: logs, counts, drops the message and refuses it with 451 4.3.0.
  sfsistat failed(SMFICTX* context, Step step, std::string_view what) noexcept;

  void begins() override;
  void goes_on() override;
  void ends() override;

 private:
  sfsistat go_on(Step step) const { return terms_.replies(step) ? SMFIS_CONTINUE : SMFIS_NOREPLY; }
  sfsistat refuse(SMFICTX* context, Step step, const Reply& reply);
  sfsistat give_up(SMFICTX* context, Step step, const Reply& reply);
  sfsistat react(SMFICTX* context, Step step, const Reaction& reaction);
  sfsistat finish(SMFICTX* context, const Reaction& reaction);
  std::optional<Reply> obstacle(const Admission::Callback& ticket) const;
  void note_queue_id(SMFICTX* context);
  std::string symbol(SMFICTX* context, const char* name) const;
  std::string bounded(const char* text) const;
  void send_progress();

  Gate& gate_;
  const Admission::Session place_;
  const Terms terms_;
  const std::shared_ptr<const Policy> first_policy_;
  std::optional<Reply> barred_;  // every message of this session gets it
  std::optional<Reply> held_;    // this message's refusal, not spoken yet or to be repeated
  Client client_;
  std::string helo_;
  std::unique_ptr<Session> session_;  // from connect on; uses terms_
  bool waiting_ = false;              // between begins() and ends()
  SMFICTX* at_end_ = nullptr;         // while end-of-message is at work: progress may be sent
  SteadyTime last_progress_{};
};

}  // namespace postern
