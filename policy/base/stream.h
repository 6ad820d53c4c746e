#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "policy/base/clock.h"
#include "policy/base/ip.h"
#include "policy/base/tls.h"

namespace postern {

/// Ends the waits of any number of streams at once and for good, from any thread: what owns the threads raises it before
/// it joins them.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  void raise();
  bool raised() const;
  int descriptor() const { return fd_; }  ///< readable once it is raised

 private:
  int fd_;
};

/// What came of a step on a stream.
enum class Io {
  ok,
  timed_out,    ///< the moment came first
  closed,       ///< the peer has ended, or reset it
  failed,       ///< Stream::problem() tells why; of a line, it is too long
  interrupted,  ///< by the Interrupt
};
std::string_view name(Io io);

class Stream;

/// What a connect came to: the stream, or why there is none.
struct Connection {
  std::unique_ptr<Stream> stream;
  Io status = Io::failed;
  std::string problem;  ///< "connection refused"; holds nothing that the peer said
};

/// A connected stream socket, in plain text or, from start_tls() on, in TLS. Each step waits no longer than `until` and
/// ends early when the interrupt is raised. After anything but ok the stream is good for nothing any more. For one
/// thread at a time.
class Stream {
 public:
  /// `interrupt`, where there is one, outlives the stream.
  static Connection connect(const IpAddress& address, std::uint16_t port, SteadyTime until,
                            const Interrupt* interrupt = nullptr);
  static Connection connect_unix(const std::string& path, SteadyTime until, const Interrupt* interrupt = nullptr);
  /// Takes over a connected socket.
  explicit Stream(int fd, const Interrupt* interrupt = nullptr);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  /// Sends all of it.
  Io write(std::string_view bytes, SteadyTime until);
  /// At least one byte and at most `most`, in place of what `bytes` holds.
  Io read(std::string& bytes, std::size_t most, SteadyTime until);
  /// One line with its LF (and what stands before it), in place of what `line` holds. A line of more than `most` bytes
  /// is failed.
  Io read_line(std::string& line, std::size_t most, SteadyTime until);
  /// Adds what is there to `bytes` and never waits; timed_out where nothing is.
  Io read_now(std::string& bytes);
  /// To poll for input, after read_now() was timed_out.
  int descriptor() const { return fd_; }
  /// Has the peer sent something that was not read yet, or ended? Never waits.
  bool has_more();

  /// Becomes TLS, as the client. `server_name` is sent as SNI unless empty or an address, and is what the certificate
  /// must be for where the context verifies. Failed where the peer has already sent something: what came in plain text
  /// must not be taken for what came in TLS (CVE-2011-0411).
  Io start_tls(const TlsContext& context, const std::string& server_name, SteadyTime until);
  bool is_tls() const { return tls_ != nullptr; }

  /// Of the last step that was not ok; holds nothing that the peer said.
  const std::string& problem() const { return problem_; }

 private:
  Io wait_for(short events, SteadyTime until);
  Io send_raw(std::string_view bytes, SteadyTime until);
  // Adds what comes from the socket to `bytes`; `waits` false: only what is there, timed_out without any.
  Io receive_raw(std::string& bytes, SteadyTime until, bool waits);
  Io fill(SteadyTime until, bool waits);
  Io fail(Io io, std::string why);

  const int fd_;
  const Interrupt* interrupt_;
  std::unique_ptr<TlsSession> tls_;
  std::string unread_;
  std::string problem_;
};

}  // namespace postern
