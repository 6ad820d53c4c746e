#include "policy/base/stream.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <functional>
#include <thread>

#include "tests/support/temp_folder.h"
#include "tests/support/tls_server.h"

namespace postern {
namespace {

using namespace std::chrono_literals;

SteadyTime in(std::chrono::milliseconds time) { return std::chrono::steady_clock::now() + time; }

/// A stream, and a thread that is its peer.
struct Pair {
  explicit Pair(std::function<void(int)> peer, const Interrupt* interrupt = nullptr) {
    signal(SIGPIPE, SIG_IGN);  // OpenSSL's sockets know no MSG_NOSIGNAL
    int fds[2];
    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds);
    stream = std::make_unique<Stream>(fds[0], interrupt);
    thread = std::thread([fd = fds[1], peer = std::move(peer)] {
      peer(fd);
      ::close(fd);
    });
  }
  ~Pair() {
    stream.reset();
    thread.join();
  }
  std::unique_ptr<Stream> stream;
  std::thread thread;
};

void say(int fd, std::string_view text) { ::send(fd, text.data(), text.size(), MSG_NOSIGNAL); }
void until_the_end(int fd) {
  char byte;
  while (::read(fd, &byte, 1) > 0) {
  }
}

TEST(Stream, ReadsLinesHoweverTheyArrive) {
  Pair p([](int fd) {
    say(fd, "one\r\ntw");
    std::this_thread::sleep_for(20ms);
    say(fd, "o\n\nrest");
  });
  std::string line;
  for (const char* expected : {"one\r\n", "two\n", "\n"}) {
    EXPECT_EQ(p.stream->read_line(line, 100, in(5s)), Io::ok);
    EXPECT_EQ(line, expected);
  }
  EXPECT_EQ(p.stream->read_line(line, 100, in(5s)), Io::closed);
}

TEST(Stream, RefusesALineOverItsLimit) {
  Pair p([](int fd) { say(fd, "12345678\n123456789\n"); });
  std::string line;
  EXPECT_EQ(p.stream->read_line(line, 9, in(5s)), Io::ok);
  EXPECT_EQ(p.stream->read_line(line, 9, in(5s)), Io::failed);
  EXPECT_EQ(p.stream->problem(), "a line is too long");
}

TEST(Stream, WaitsNoLongerThanItMay) {
  Pair p(until_the_end);
  std::string line;
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(p.stream->read_line(line, 100, in(50ms)), Io::timed_out);
  EXPECT_EQ(p.stream->write(std::string(10'000'000, 'x'), in(0ms)), Io::timed_out);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
}

TEST(Stream, AnInterruptEndsWhateverWaits) {
  Interrupt interrupt;
  Pair p(until_the_end, &interrupt);
  std::thread other([&] {
    std::this_thread::sleep_for(20ms);
    interrupt.raise();
  });
  std::string line;
  EXPECT_EQ(p.stream->read_line(line, 100, in(60s)), Io::interrupted);
  other.join();
  EXPECT_TRUE(interrupt.raised());
}

TEST(Stream, TellsWhetherThePeerHasMoreToSay) {
  Pair p([](int fd) { until_the_end(fd); });
  EXPECT_FALSE(p.stream->has_more());
  Pair q([](int fd) { say(fd, "a\nb\n"); });
  std::string line;
  EXPECT_EQ(q.stream->read_line(line, 100, in(5s)), Io::ok);
  EXPECT_TRUE(q.stream->has_more());
}

TEST(Stream, TakesWhatIsThereWithoutWaiting) {
  int fds[2];
  socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds);
  Stream stream(fds[0]);
  std::string bytes = "before ";
  EXPECT_EQ(stream.read_now(bytes), Io::timed_out);
  say(fds[1], "line\nrest");
  std::string line;
  EXPECT_EQ(stream.read_line(line, 100, in(5s)), Io::ok);
  EXPECT_EQ(stream.read_now(bytes), Io::ok);
  EXPECT_EQ(bytes, "before rest");
  ::close(fds[1]);
  EXPECT_EQ(stream.read_now(bytes), Io::closed);
}

TEST(Stream, ConnectsOrSaysWhyNot) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
  socklen_t size = sizeof at;
  getsockname(listener, reinterpret_cast<sockaddr*>(&at), &size);
  const Connection refused = Stream::connect(*IpAddress::parse("127.0.0.1"), ntohs(at.sin_port), in(5s));
  EXPECT_EQ(refused.stream, nullptr);
  EXPECT_EQ(refused.problem, "Connection refused");
  listen(listener, 1);
  EXPECT_EQ(Stream::connect(*IpAddress::parse("127.0.0.1"), ntohs(at.sin_port), in(5s)).status, Io::ok);
  ::close(listener);
}

TEST(Stream, ConnectsToASocketPath) {
  test::TempFolder folder;
  const std::string path = folder / "socket";
  const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un at{};
  at.sun_family = AF_UNIX;
  path.copy(at.sun_path, sizeof at.sun_path - 1);
  ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
  listen(listener, 1);
  EXPECT_EQ(Stream::connect_unix(path, in(5s)).status, Io::ok);
  EXPECT_EQ(Stream::connect_unix(folder / "none", in(5s)).problem, "No such file or directory");
  EXPECT_EQ(Stream::connect_unix(std::string(200, 'x'), in(5s)).problem, "no path of a socket");
  ::close(listener);
}

// --- TLS ---

struct TlsWorld {
  TlsWorld() { std::ofstream(roots) << identity.certificate(); }
  // What becomes of a handshake with mx.example.
  std::string shake(bool verify, const std::string& name) {
    Pair p([this](int fd) {
      test::TlsServer server(identity, fd);
      if (!server.accept()) return;
      char buffer[100];
      const int got = server.read(buffer, sizeof buffer);
      if (got > 0) server.write("you said " + std::string(buffer, static_cast<std::size_t>(got)));
    });
    const auto context = TlsContext::client({.verify = verify, .ca_file = verify ? roots : ""});
    if (!context) return context.error().message;
    if (p.stream->start_tls(**context, name, in(5s)) != Io::ok) return p.stream->problem();
    std::string line;
    p.stream->write("hello\n", in(5s));
    p.stream->read_line(line, 100, in(5s));
    return line;
  }
  test::TempFolder folder;
  const std::string roots = folder / "roots.pem";
  test::TlsIdentity identity{"mx.example"};
};

TEST(StreamTls, SpeaksWithWhomItTrusts) {
  TlsWorld w;
  EXPECT_EQ(w.shake(true, "mx.example"), "you said hello\n");
  EXPECT_EQ(w.shake(true, "other.example"), "certificate: hostname mismatch");
  EXPECT_EQ(w.shake(true, "192.0.2.1"), "certificate: IP address mismatch");
  EXPECT_EQ(w.shake(true, ""), "\"\" is no name to verify");
  std::ofstream(w.roots) << test::TlsIdentity("mx.example").certificate();
  EXPECT_EQ(w.shake(true, "mx.example"), "certificate: self-signed certificate");
}

TEST(StreamTls, OpportunisticTakesAnyCertificate) {
  TlsWorld w;
  EXPECT_EQ(w.shake(false, "other.example"), "you said hello\n");
  EXPECT_EQ(w.shake(false, ""), "you said hello\n");
}

TEST(StreamTls, RootsThatCannotBeReadAreTold) {
  const auto context = TlsContext::client({.verify = true, .ca_file = "/nowhere/roots.pem"});
  ASSERT_FALSE(context);
  EXPECT_EQ(context.error().message.find("/nowhere/roots.pem: "), 0U);
}

TEST(StreamTls, NothingFromBeforeTheHandshakeSurvivesIt) {  // CVE-2011-0411
  Pair p([](int fd) {
    say(fd, "220 go\r\n250 injected\r\n");
    until_the_end(fd);
  });
  std::string line;
  ASSERT_EQ(p.stream->read_line(line, 100, in(5s)), Io::ok);
  const auto context = TlsContext::client({.verify = false, .ca_file = {}});
  EXPECT_EQ(p.stream->start_tls(**context, "", in(5s)), Io::failed);
  EXPECT_EQ(p.stream->problem(), "something came before the TLS handshake");
}

TEST(StreamTls, GarbageIsNoHandshake) {
  Pair p([](int fd) {
    char byte;
    (void)!::read(fd, &byte, 1);
    say(fd, "500 what?\r\n500 what?\r\n");
    until_the_end(fd);
  });
  const auto context = TlsContext::client({.verify = false, .ca_file = {}});
  EXPECT_EQ(p.stream->start_tls(**context, "", in(5s)), Io::failed);
}

}  // namespace
}  // namespace postern
