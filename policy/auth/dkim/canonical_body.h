#pragma once

#include <cstdint>
#include <string_view>

#include "policy/auth/dkim/body_hashes.h"

namespace postern::dkim {

/// Takes a canonical body, in pieces.
class BodySink {
 public:
  virtual ~BodySink() = default;
  virtual void take(std::string_view bytes) = 0;
};

/// Makes a body canonical that comes in chunks cut anywhere (RFC 6376 3.4.3, 3.4.4). A line ends with CRLF alone; CR and
/// LF by themselves are bytes like others.
class CanonicalBody {
 public:
  /// `sink` outlives this.
  CanonicalBody(Canonicalization form, BodySink& sink) : form_(form), sink_(sink) {}
  CanonicalBody(const CanonicalBody&) = delete;
  CanonicalBody& operator=(const CanonicalBody&) = delete;

  void update(std::string_view chunk);
  void finish();
  std::uint64_t bytes() const { return bytes_; }  ///< handed out so far

 private:
  std::string_view settle_blanks(std::string_view chunk);
  void squeeze(std::string_view text);
  void trim_end(std::string_view bytes);
  void emit(std::string_view bytes);
  void emit_line_ends(std::uint64_t count);

  const Canonicalization form_;
  BodySink& sink_;
  std::uint64_t bytes_ = 0;
  bool blanks_ = false;          // relaxed: the last chunk ended with them; what comes next tells what they are
  bool blanks_cr_ = false;       // … and a CR behind them
  bool cr_ = false;              // a CR that the next byte may make a line end
  std::uint64_t line_ends_ = 0;  // that may be those at the end of the body
};

}  // namespace postern::dkim
