#include "milter/door.h"

#include <fcntl.h>
#include <libmilter/mfapi.h>
#include <link.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "milter/incoming_packet.h"

namespace postern {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPatience{30'000};     // local: as Postfix waits for us (milter_command_timeout)
constexpr milliseconds kLeastPatience{1000};  // local: for a silent client when room is scarce
constexpr milliseconds kLookAgain{100};       // local: for room
constexpr std::size_t kReservedFiles = 16;    // local: for the resolver, lists, a reload
constexpr std::size_t kMaxSilent = 1000;      // local
constexpr int kBetweenPackets = 1;            // ms: how libmilter asks whether the next packet has begun

// The packet that this thread reads or answers; libmilter does both in one go.
struct PacketAtHand {
  int fd = -1;
  milliseconds patience{0};  // what is left of it
  IncomingPacket content;
};
constinit thread_local PacketAtHand packet;

struct CodeRange {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
};

// The loaded segment that holds the function; empty when there is none.
CodeRange code_around(const void* function) {
  struct Search {
    std::uintptr_t wanted;
    CodeRange found;
  } search{reinterpret_cast<std::uintptr_t>(function), {}};
  const auto look = [](dl_phdr_info* object, std::size_t, void* data) {
    auto& s = *static_cast<Search*>(data);
    for (int i = 0; i < object->dlpi_phnum; ++i) {
      const auto& segment = object->dlpi_phdr[i];
      const std::uintptr_t begin = object->dlpi_addr + segment.p_vaddr;
      if (segment.p_type == PT_LOAD && s.wanted >= begin && s.wanted < begin + segment.p_memsz)
        s.found = {begin, begin + segment.p_memsz};
    }
    return 0;
  };
  dl_iterate_phdr(look, &search);
  return search.found;
}

int wait(pollfd* files, unsigned long count, int timeout_ms) {
  const timespec time{.tv_sec = timeout_ms / 1000, .tv_nsec = timeout_ms % 1000 * 1'000'000L};
  return ppoll(files, count, timeout_ms < 0 ? nullptr : &time, nullptr);
}

milliseconds since(SteadyTime start) {
  return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - start);
}

// Words, or its end.
bool has_spoken(int fd) {
  char byte = 0;
  return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || (errno != EAGAIN && errno != EINTR);
}

void prepare(int fd, int family) {
  const timeval patience{.tv_sec = kPatience.count() / 1000, .tv_usec = 0};
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);  // a write may block where poll() said it can go
  if (family == AF_UNIX) return;
  const auto set = [fd](int option, int value) { setsockopt(fd, IPPROTO_TCP, option, &value, sizeof value); };
  set(TCP_NODELAY, 1);     // PERFORMANCE 1: libmilter answers in several small writes
  set(TCP_KEEPIDLE, 300);  // libmilter turns SO_KEEPALIVE on: a peer without power is noticed in some 6 minutes
  set(TCP_KEEPINTVL, 20);
  set(TCP_KEEPCNT, 4);
}

// MTAs write a command in several small pieces, each held back until the one before is acknowledged, and the kernel puts
// that off for 40 ms (PERFORMANCE 1). It forgets this wish by itself, so it is told again before each wait.
void acknowledge(int fd) {
  const int yes = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &yes, sizeof yes);
}

}  // namespace

Door::Door(std::shared_ptr<Counters> counters, const TestSwitches& switches)
    : counters_(std::move(counters)),
      acknowledges_(!switches.without("acknowledge")),
      guards_files_(!switches.without("file-guard")),
      waits_for_words_(!switches.without("silence-limit")),
      limits_packets_(!switches.without("packet-limit")),
      pairs_macros_(!switches.without("macro-pairs")),
      patience_(switches.patience.value_or(kPatience)),
      connections_(counters_->get("milter.connections")),
      silent_(counters_->get("milter.silent")),
      pauses_(counters_->get("milter.pauses")),
      stalled_(counters_->get("milter.stalled")),
      bad_macros_(counters_->get("milter.bad_macros")) {
  if (switches.without("steady-time")) return;
  const CodeRange libmilter = code_around(reinterpret_cast<const void*>(&smfi_main));
  libmilter_begin_ = libmilter.begin;
  libmilter_end_ = libmilter.end;
}

time_t Door::time_for(const void* caller, time_t now) const {
  const auto at = reinterpret_cast<std::uintptr_t>(caller);
  if (at < libmilter_begin_ || at >= libmilter_end_) return now;
  return std::chrono::system_clock::to_time_t(
      started_wall_ + std::chrono::duration_cast<WallTime::duration>(std::chrono::steady_clock::now() - started_));
}

void Door::guard(int listening) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  hurries_ = acknowledges_ && getsockname(listening, reinterpret_cast<sockaddr*>(&address), &size) == 0 &&
             address.ss_family != AF_UNIX;
  listening_ = listening;
}

int Door::poll(pollfd* files, unsigned long count, int timeout_ms) {
  if (count != 1) return wait(files, count, timeout_ms);
  if (files->fd >= 0 && files->fd == listening_) return wait_for_clients(*files, timeout_ms);
  if (timeout_ms == kBetweenPackets) {
    packet = {.fd = files->fd, .patience = patience_, .content = {}};
    if (hurries_) acknowledge(files->fd);
  }
  if (limits_packets_ && milliseconds(timeout_ms) == kIdleLimit) return wait_in_packet(*files);
  return wait(files, count, timeout_ms);
}

int Door::wait_in_packet(pollfd& file) const {
  if (const int now = wait(&file, 1, 0); now != 0) return now;
  if (hurries_) acknowledge(file.fd);
  const SteadyTime start = std::chrono::steady_clock::now();
  const int done = wait(&file, 1, static_cast<int>(packet.patience.count()));
  const int problem = errno;
  packet.patience = std::max(packet.patience - since(start), milliseconds(0));
  if (done == 0) stalled_.add();
  errno = problem;
  return done;
}

// Answers whether accept() has something to give.
int Door::wait_for_clients(pollfd& listening, int timeout_ms) {
  if (!ready_.empty()) {  // accept() hands over one at a time
    listening.revents = POLLIN;
    return 1;
  }
  close_silent();
  const bool room = has_room() || make_room();
  std::vector<pollfd> files;
  for (const Arrived& a : hall_) files.push_back({a.fd, POLLIN, 0});
  if (room) files.push_back(listening);
  milliseconds longest(timeout_ms);
  if (!room) longest = std::min(longest, kLookAgain);
  if (!hall_.empty()) longest = std::min(longest, std::max(patience_ - since(hall_.front().since), milliseconds(1)));
  const int found = wait(files.data(), files.size(), static_cast<int>(longest.count()));
  if (found <= 0) return found;
  std::deque<Arrived> silent;
  for (std::size_t i = 0; i < hall_.size(); ++i) (files[i].revents != 0 ? ready_ : silent).push_back(hall_[i]);
  hall_.swap(silent);
  listening.revents = POLLIN;
  if (!ready_.empty()) return 1;
  if (!room) return 0;
  listening.revents = files.back().revents;
  return listening.revents != 0 ? 1 : 0;
}

int Door::accept(int listening, sockaddr* address, socklen_t* size) {
  if (listening != listening_) return accept4(listening, address, size, SOCK_CLOEXEC);
  Arrived client;
  if (!ready_.empty()) {
    client = ready_.front();
    ready_.pop_front();
  } else {
    client.size = sizeof client.address;
    client.fd = accept4(listening, reinterpret_cast<sockaddr*>(&client.address), &client.size, SOCK_CLOEXEC);
    if (client.fd < 0) {
      if (guards_files_ && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)) {
        usleep(static_cast<useconds_t>(std::chrono::microseconds(kLookAgain).count()));
        errno = EAGAIN;
      }
      return -1;
    }
    connections_.add();
    prepare(client.fd, client.address.ss_family);
    if (waits_for_words_ && !has_spoken(client.fd)) {
      client.since = std::chrono::steady_clock::now();
      hall_.push_back(client);
      errno = EAGAIN;
      return -1;
    }
  }
  if (address != nullptr && size != nullptr) {
    std::memcpy(address, &client.address, std::min(*size, client.size));
    *size = client.size;
  }
  return client.fd;
}

ssize_t Door::read(int fd, void* bytes, std::size_t size) const {
  const iovec all{bytes, size};
  const ssize_t count = readv(fd, &all, 1);
  if (count <= 0 || fd != packet.fd || !pairs_macros_) return count;
  if (packet.content.take({static_cast<const char*>(bytes), static_cast<std::size_t>(count)})) return count;
  bad_macros_.add();
  errno = EBADMSG;
  return -1;
}

void Door::close_silent() {
  while (!hall_.empty() && (hall_.size() > kMaxSilent || since(hall_.front().since) >= patience_)) {
    close(hall_.front().fd);
    hall_.pop_front();
    silent_.add();
  }
}

// The kernel gives out the lowest free number, so connections never take the last ones.
bool Door::has_room() {
  if (!guards_files_) return true;
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  const int lowest = fcntl(listening_, F_DUPFD_CLOEXEC, 0);
  if (lowest >= 0) close(lowest);
  const bool room = lowest >= 0 && static_cast<rlim_t>(lowest) + kReservedFiles < limit.rlim_cur;
  if (!room && !crowded_) pauses_.add();
  crowded_ = !room;
  return room;
}

bool Door::make_room() {
  if (hall_.empty() || since(hall_.front().since) < kLeastPatience) return false;
  close(hall_.front().fd);
  hall_.pop_front();
  silent_.add();
  return has_room();
}

}  // namespace postern
