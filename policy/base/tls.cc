#include "policy/base/tls.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>

#include "policy/base/ip.h"

namespace postern {

namespace {

struct Free {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* session) const { SSL_free(session); }
};

constexpr std::size_t kMostRecordBytes = 16 * 1024;  // RFC 8446 5.1

std::string library_error() {
  std::array<char, 200> text{};
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "unknown TLS error";
  ERR_error_string_n(code, text.data(), text.size());
  return text.data();
}

bool set_roots(SSL_CTX* context, const std::string& file) {
  if (file.empty()) return SSL_CTX_set_default_verify_paths(context) == 1;
  return SSL_CTX_load_verify_file(context, file.c_str()) == 1;
}

}  // namespace

struct TlsContext::State {
  std::unique_ptr<SSL_CTX, Free> context;
  bool verify = true;
};

TlsContext::TlsContext(std::unique_ptr<State> state) : state_(std::move(state)) {}
TlsContext::~TlsContext() = default;

Result<std::shared_ptr<const TlsContext>> TlsContext::client(const Options& options) {
  auto state = std::make_unique<State>();
  state->verify = options.verify;
  state->context.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX* context = state->context.get();
  if (context == nullptr) return Error{library_error(), {}};
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  if (options.verify) {
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);  // RFC 8996
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    if (!set_roots(context, options.ca_file))
      return Error{fmt::format("{}: {}", options.ca_file.empty() ? "trusted roots" : options.ca_file, library_error()),
                   {}};
  } else {
    SSL_CTX_set_min_proto_version(context, TLS1_VERSION);  // local: better than the plain text that it stands for
    SSL_CTX_set_security_level(context, 0);
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nullptr);
  }
  return std::shared_ptr<const TlsContext>(new TlsContext(std::move(state)));
}

struct TlsSession::State {
  std::unique_ptr<SSL, Free> session;
  BIO* in = nullptr;  // owned by the session, as is `out`
  BIO* out = nullptr;
};

TlsSession::TlsSession(const TlsContext& context, const std::string& server_name) : state_(std::make_unique<State>()) {
  state_->session.reset(SSL_new(context.state_->context.get()));
  SSL* session = state_->session.get();
  state_->in = BIO_new(BIO_s_mem());
  state_->out = BIO_new(BIO_s_mem());
  if (session == nullptr || state_->in == nullptr || state_->out == nullptr) {
    BIO_free(state_->in);
    BIO_free(state_->out);
    state_->session.reset();
    problem_ = library_error();
    return;
  }
  BIO_set_mem_eof_return(state_->in, -1);  // empty: more is to come
  SSL_set_bio(session, state_->in, state_->out);
  SSL_set_connect_state(session);
  const bool is_address = IpAddress::parse(server_name).has_value();
  bool set = server_name.empty() || is_address || SSL_set_tlsext_host_name(session, server_name.c_str()) == 1;
  if (context.state_->verify) {
    SSL_set_hostflags(session, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);  // RFC 6125 7.2
    set = set && !server_name.empty() &&
          (is_address ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), server_name.c_str()) == 1
                      : SSL_set1_host(session, server_name.c_str()) == 1);
  }
  if (set) return;
  state_->session.reset();  // also frees the BIOs
  problem_ = fmt::format("\"{}\" is no name to verify", server_name);
}

TlsSession::~TlsSession() = default;

void TlsSession::incoming(std::string_view bytes) {
  if (state_->session) BIO_write(state_->in, bytes.data(), static_cast<int>(bytes.size()));
}

std::string TlsSession::outgoing() {
  std::string bytes;
  if (!state_->session) return bytes;
  bytes.resize(BIO_ctrl_pending(state_->out));
  if (!bytes.empty()) BIO_read(state_->out, bytes.data(), static_cast<int>(bytes.size()));
  return bytes;
}

TlsSession::Step TlsSession::step_of(int result) {
  switch (SSL_get_error(state_->session.get(), result)) {
    case SSL_ERROR_NONE: return Step::done;
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE: return Step::want_more;
    case SSL_ERROR_ZERO_RETURN: return Step::closed;
    default: break;
  }
  const long verified = SSL_get_verify_result(state_->session.get());
  const bool wrong_certificate = verified != X509_V_OK && SSL_get_verify_mode(state_->session.get()) != SSL_VERIFY_NONE;
  problem_ =
      wrong_certificate ? fmt::format("certificate: {}", X509_verify_cert_error_string(verified)) : library_error();
  ERR_clear_error();
  return Step::failed;
}

TlsSession::Step TlsSession::handshake() {
  if (!state_->session) return Step::failed;
  ERR_clear_error();  // the queue is the thread's: what another connection left there is not ours
  return step_of(SSL_do_handshake(state_->session.get()));
}

TlsSession::Step TlsSession::read(std::string& text) {
  if (!state_->session) return Step::failed;
  std::array<char, kMostRecordBytes> buffer;
  ERR_clear_error();
  const int got = SSL_read(state_->session.get(), buffer.data(), static_cast<int>(buffer.size()));
  if (got > 0) text.append(buffer.data(), static_cast<std::size_t>(got));
  return step_of(got);
}

TlsSession::Step TlsSession::write(std::string_view text) {
  if (!state_->session) return Step::failed;
  if (text.empty()) return Step::done;
  ERR_clear_error();
  return step_of(SSL_write(state_->session.get(), text.data(), static_cast<int>(text.size())));
}

void TlsSession::close() {
  if (state_->session && SSL_is_init_finished(state_->session.get())) SSL_shutdown(state_->session.get());
  ERR_clear_error();
}

}  // namespace postern
