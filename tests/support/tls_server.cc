#include "tests/support/tls_server.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace postern::test {

struct TlsIdentity::State {
  EVP_PKEY* key = nullptr;
  X509* certificate = nullptr;
  SSL_CTX* context = nullptr;
  ~State() {
    SSL_CTX_free(context);
    X509_free(certificate);
    EVP_PKEY_free(key);
  }
};

TlsIdentity::TlsIdentity(const std::string& name) : state_(std::make_unique<State>()) {
  state_->key = EVP_EC_gen("P-256");
  X509* certificate = state_->certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
  X509_NAME* subject = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
  X509_set_issuer_name(certificate, subject);
  X509_set_pubkey(certificate, state_->key);
  const std::string names = "DNS:" + name;
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str());
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
  X509_sign(certificate, state_->key, EVP_sha256());
  state_->context = SSL_CTX_new(TLS_server_method());
  SSL_CTX_use_certificate(state_->context, certificate);
  SSL_CTX_use_PrivateKey(state_->context, state_->key);
}

TlsIdentity::~TlsIdentity() = default;

std::string TlsIdentity::certificate() const {
  BIO* out = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(out, state_->certificate);
  std::string pem(BIO_ctrl_pending(out), '\0');
  BIO_read(out, pem.data(), static_cast<int>(pem.size()));
  BIO_free(out);
  return pem;
}

struct TlsServer::State {
  SSL* session = nullptr;
  ~State() { SSL_free(session); }
};

TlsServer::TlsServer(const TlsIdentity& identity, int fd) : state_(std::make_unique<State>()) {
  state_->session = SSL_new(identity.state_->context);
  SSL_set_fd(state_->session, fd);
}

TlsServer::~TlsServer() = default;

bool TlsServer::accept() { return SSL_accept(state_->session) == 1; }
int TlsServer::read(char* buffer, int size) { return SSL_read(state_->session, buffer, size); }
bool TlsServer::write(std::string_view bytes) {
  return SSL_write(state_->session, bytes.data(), static_cast<int>(bytes.size())) > 0;
}

}  // namespace postern::test
