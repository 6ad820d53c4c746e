#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "policy/base/stream.h"
#include "policy/notices/way.h"

namespace postern::notices {

/// A URL of http or https.
struct WebhookUrl {
  std::string origin;  ///< `https://host:port`
  std::string target;  ///< path and query, with its `/`

  /// Nothing for another scheme, a user in it, or bytes that a URL cannot have (RFC 3986 2).
  static std::optional<WebhookUrl> parse(std::string_view url);
};

/// POSTs the notice as JSON (incident_json.h). A 2xx is what takes it; no redirect is followed, the certificate is
/// verified against the roots of the system, and the body of the answer is not read.
class Webhook final : public Way {
 public:
  /// `token_file`: its first line goes along as `Authorization: Bearer`; empty: none. Read for each POST, so that it may
  /// change. `interrupt` outlives this.
  Webhook(WebhookUrl url, std::string token_file, std::string hostname, const Interrupt& interrupt);

  std::string_view name() const override { return "webhook"; }
  std::vector<std::string> addressees(const Incident&) const override { return {url_.origin}; }
  Attempt tell(const Notice& notice, const std::string& addressee, SteadyTime until) override;

 private:
  const WebhookUrl url_;
  const std::string token_file_;
  const std::string hostname_;
  const Interrupt& interrupt_;
};

}  // namespace postern::notices
