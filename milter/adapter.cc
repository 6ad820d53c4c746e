// libmilter's callbacks. Nothing but the way from C to Connection and back stands here; no exception passes it (FAULTS
// T1).

#include <libmilter/mfapi.h>

#include <atomic>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string_view>

#include "milter/connection.h"
#include "milter/gate.h"

namespace postern {

namespace {

std::atomic<Gate*> the_gate = nullptr;  // libmilter gives callbacks no other way

// There is one whenever there is a Connection, or a session to negotiate.
Gate& gate() { return *the_gate.load(std::memory_order_acquire); }

Connection* connection_of(SMFICTX* context) { return static_cast<Connection*>(smfi_getpriv(context)); }

// For tests.
bool gate_lacks(std::string_view part) {
  const Gate* const open = the_gate;
  return open != nullptr && open->test.without(part);
}

// Of the callbacks that answer nothing.
void note_fault(std::string_view callback, std::string_view what) noexcept {
  try {
    gate().services.counters.get("milter.faults").add();
    gate().services.log.write(Event{"fault", LogLevel::error, {}}
                                  .add("part", std::string("callback"))
                                  .add("step", std::string(callback))
                                  .add("reason", std::string(what)));
  } catch (...) {
    return;  // nothing is left to say it with
  }
}

// Without a Connection (a new dialogue after QUIT_NC, which no MTA we know sends) nothing is known of the terms:
// refused where that is understood. libmilter drops an answer where none was agreed on.
sfsistat without_connection(Step step) {
  if (Gate* const open = the_gate) open->services.counters.get("milter.unknown_sessions").add();
  switch (step) {
    case Step::mail:
    case Step::rcpt:
    case Step::data:
    case Step::end_of_headers:
    case Step::end_of_message: return SMFIS_TEMPFAIL;
    case Step::connect:
    case Step::helo:
    case Step::header:
    case Step::body: return SMFIS_CONTINUE;
  }
  return SMFIS_TEMPFAIL;
}

// Does what the callback of this name does, a planned fault before it.
template <class Act>
decltype(auto) run(std::string_view callback, Act act) {
  const FaultPlan::Judging judging(gate().fault, callback);
  gate().fault.at(callback);
  return act();
}

template <class Serve>
sfsistat shielded(SMFICTX* context, Step step, Serve serve) noexcept {
  Connection* const connection = connection_of(context);
  if (connection == nullptr && !gate_lacks("session-check")) return without_connection(step);
  const auto act = [&] { return run(name(step), [&] { return serve(*connection); }); };
  if (gate_lacks("shield")) return act();
  try {
    return act();
  } catch (const std::exception& e) {
    return connection->failed(context, step, e.what());
  } catch (...) {
    return connection->failed(context, step, "unknown exception");
  }
}

// The same of a callback that answers no step; false after a fault.
template <class Act>
bool shielded(std::string_view callback, Act act) noexcept {
  if (gate_lacks("shield")) return run(callback, act), true;
  try {
    run(callback, act);
    return true;
  } catch (const std::exception& e) {
    note_fault(callback, e.what());
  } catch (...) {
    note_fault(callback, "unknown exception");
  }
  return false;
}

void complain_once(const std::string& what) {
  const bool is_new = gate().told.with([&](auto& told) { return told.size() < 16 && told.insert(what).second; });
  if (is_new) gate().services.log.write(Event{"negotiation", LogLevel::warning, {}}.add("reason", what));
}

sfsistat on_negotiate(SMFICTX* context, unsigned long actions, unsigned long steps, unsigned long, unsigned long,
                      unsigned long* our_actions, unsigned long* our_steps, unsigned long* f2,
                      unsigned long* f3) noexcept {
  *f2 = *f3 = 0;
  if (the_gate == nullptr) return SMFIS_REJECT;
  if (gate().nudge != nullptr && gate().nudge->is_ours(actions)) {
    *our_actions = *our_steps = 0;
    return SMFIS_CONTINUE;
  }
  const std::unique_ptr<Connection> older(
      connection_of(context));  // no MTA negotiates twice; one that does begins anew
  smfi_setpriv(context, nullptr);
  const bool agreed = shielded("negotiate", [&] {
    std::shared_ptr<const Policy> policy = gate().policy.get();
    const Offer offer = gate_lacks("intersection") ? Offer{~0UL, ~0UL} : Offer{actions, steps};
    Terms terms = negotiate(policy->needs, offer);
    if (gate_lacks("hold")) terms.steps &= ~SMFIP_NR_CONN;
    for (std::size_t stage = 0; stage < terms.macros.size(); ++stage) {
      if (!terms.macros[stage].empty()) smfi_setsymlist(context, static_cast<int>(stage), terms.macros[stage].data());
    }
    if (!terms.refusal.empty()) complain_once(terms.refusal);
    for (const std::string& missing : terms.missing) complain_once("the MTA does not offer " + missing);
    *our_actions = terms.actions;
    *our_steps = terms.steps;
    auto connection = std::make_unique<Connection>(gate(), std::move(policy), std::move(terms));
    if (smfi_setpriv(context, connection.get()) != MI_SUCCESS) throw std::runtime_error("libmilter keeps no session");
    connection.release();
  });
  return agreed ? SMFIS_CONTINUE
                : SMFIS_REJECT;  // libmilter ends the session: the MTA does without us as it is told to
}

sfsistat on_connect(SMFICTX* context, char* host, sockaddr* address) noexcept {
  return shielded(context, Step::connect, [&](Connection& c) { return c.connect(context, host, address); });
}
sfsistat on_helo(SMFICTX* context, char* name) noexcept {
  return shielded(context, Step::helo, [&](Connection& c) { return c.helo(name); });
}
sfsistat on_mail(SMFICTX* context, char** arguments) noexcept {
  return shielded(context, Step::mail, [&](Connection& c) { return c.mail(context, arguments); });
}
sfsistat on_rcpt(SMFICTX* context, char** arguments) noexcept {
  return shielded(context, Step::rcpt, [&](Connection& c) { return c.rcpt(context, arguments); });
}
sfsistat on_data(SMFICTX* context) noexcept {
  return shielded(context, Step::data, [&](Connection& c) { return c.data(context); });
}
sfsistat on_header(SMFICTX* context, char* name, char* value) noexcept {
  return shielded(context, Step::header, [&](Connection& c) { return c.header(context, name, value); });
}
sfsistat on_end_of_headers(SMFICTX* context) noexcept {
  return shielded(context, Step::end_of_headers, [&](Connection& c) { return c.end_of_headers(context); });
}
sfsistat on_body(SMFICTX* context, unsigned char* bytes, std::size_t size) noexcept {
  return shielded(context, Step::body, [&](Connection& c) {
    return c.body(context, {reinterpret_cast<const char*>(bytes), size});
  });
}
sfsistat on_end_of_message(SMFICTX* context) noexcept {
  return shielded(context, Step::end_of_message, [&](Connection& c) { return c.end_of_message(context); });
}

// Comes with and without a message under way, and after end-of-message too (FAULTS M11).
sfsistat on_abort(SMFICTX* context) noexcept {
  Connection* const connection = connection_of(context);
  if (connection != nullptr) shielded("abort", [&] { connection->abort(); });
  return SMFIS_CONTINUE;
}

// May run on libmilter's controller thread, with its lock held: nothing here waits.
sfsistat on_close(SMFICTX* context) noexcept {
  std::unique_ptr<Connection> connection(connection_of(context));
  smfi_setpriv(context, nullptr);
  if (connection) shielded("close", [&] { connection->close(); });
  if (gate_lacks("close")) connection.release();
  return SMFIS_CONTINUE;
}

}  // namespace

void attach(Gate& gate) { the_gate = &gate; }

void detach() { the_gate = nullptr; }

bool register_callbacks() {
  static char filter_name[] = "postern";
  smfiDesc description{};
  description.xxfi_name = filter_name;
  description.xxfi_version = SMFI_VERSION;
  description.xxfi_flags = SMFIF_NONE;  // settled by on_negotiate
  description.xxfi_connect = on_connect;
  description.xxfi_helo = on_helo;
  description.xxfi_envfrom = on_mail;
  description.xxfi_envrcpt = on_rcpt;
  description.xxfi_header = on_header;
  description.xxfi_eoh = on_end_of_headers;
  description.xxfi_body = on_body;
  description.xxfi_eom = on_end_of_message;
  description.xxfi_abort = on_abort;
  description.xxfi_close = on_close;
  description.xxfi_data = on_data;
  description.xxfi_negotiate = on_negotiate;
  return smfi_register(description) == MI_SUCCESS;
}

}  // namespace postern
