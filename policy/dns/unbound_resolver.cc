#include "policy/dns/unbound_resolver.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unbound.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <future>
#include <mutex>
#include <span>
#include <thread>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "policy/base/text.h"
#include "policy/dns/wire.h"
#include "policy/dns/zone_resolver.h"

namespace postern::dns {

namespace {

constexpr int kInternet = 1;  // RFC 1035 3.2.4

struct Option {
  const char* name;
  const char* value;
};

// PLATFORM 5: libunbound's defaults are for small programs, and sixteen dead names would stop all others.
constexpr Option kTuning[] = {
    {"outgoing-range:", "512"},
    {"num-queries-per-thread:", "2048"},
    {"outgoing-num-tcp:", "64"},
    {"unknown-server-time-limit:",
     "1500"},                          // a forwarder that has to ask on is not dead after 50 ms: no question is sent
    {"infra-cache-min-rtt:", "1500"},  // again, and its first answer thrown away, before that (FAULTS T38)
    {"infra-keep-probing:", "yes"},    // a server that was dead is asked again before its entry expires …
    {"infra-host-ttl:", "30"},         // … and it expires within half a minute (FAULTS T38: recovery in 60 s)
    {"unblock-lan-zones:", "yes"},     // PTR of private addresses is the forwarder's business
    {"insecure-lan-zones:", "yes"},
    {"local-zone:", "test. transparent"},  // RFC 6761 lets a site use it; "nodefault" is misread by 1.17
};
constexpr Option kCacheSizes[] = {{"msg-cache-size:", "16m"}, {"rrset-cache-size:", "32m"}};
constexpr Option kNoCacheSizes[] = {{"msg-cache-size:", "1m"}, {"rrset-cache-size:", "1m"}, {"aggressive-nsec:", "no"}};

struct DeleteContext {
  void operator()(ub_ctx* context) const { ub_ctx_delete(context); }
};
using Context = std::unique_ptr<ub_ctx, DeleteContext>;

// The forwarders as a piece of unbound.conf, which alone can say that nothing of them is to be cached. (cache-max-ttl
// would do it too, but is one variable for all contexts of a process.)
int set_forwarders(ub_ctx* context, const Options& options, Source::Way way) {
  std::string text = "forward-zone:\n  name: \".\"\n";
  for (const Options::Server& server : options.servers)
    text += fmt::format("  forward-addr: {}@{}\n", server.address, server.port);
  if (way == Source::Way::uncached) text += "  forward-no-cache: yes\n";
  const int file = memfd_create("postern-dns", MFD_CLOEXEC);
  if (file < 0) return UB_NOMEM;
  int error = UB_READFILE;
  if (write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size())) {
    error = ub_ctx_config(context, fmt::format("/proc/self/fd/{}", file).c_str());
  }
  close(file);
  return error;
}

// Everything before the first question: that one makes the settings final, and later ones fail.
Result<Context> make_context(const Options& options, Source::Way way) {
  Context context(ub_ctx_create());
  if (!context) return Error{"libunbound has no memory for a context", {}};
  ub_ctx_debugout(context.get(), nullptr);  // it would write to stderr
  const std::span<const Option> sizes =
      way == Source::Way::usual ? std::span<const Option>(kCacheSizes) : kNoCacheSizes;
  for (const auto settings : {std::span<const Option>(kTuning), sizes}) {
    for (const Option& option : settings) {
      if (const int error = ub_ctx_set_option(context.get(), option.name, option.value)) {
        return Error{fmt::format("libunbound does not take {} {}: {}", option.name, option.value, ub_strerror(error)),
                     {}};
      }
    }
  }
  if (const int error = set_forwarders(context.get(), options, way)) {
    return Error{fmt::format("libunbound does not take the DNS servers: {}", ub_strerror(error)), {}};
  }
  if (!options.trust_anchor.empty()) {
    if (access(options.trust_anchor.c_str(), R_OK) != 0 ||
        ub_ctx_add_ta_file(context.get(), options.trust_anchor.c_str()) != 0) {
      return Error{"cannot read the trust anchor", {options.trust_anchor, 0, 0}};
    }
  }
  ub_ctx_async(context.get(), 1);  // a thread, not a process
  return context;
}

Answer failure(std::string problem) {
  Answer answer;
  answer.problem = std::move(problem);
  return answer;
}

}  // namespace

struct UnboundSource::State {
  struct Slot {
    State* state;
    std::uint64_t id;
    Type type;
    Done done;
  };

  State(Counters& counters, Context usual, Context uncached)
      : malformed(counters.get("dns.malformed")),
        over(counters.get("dns.over")),
        contexts{std::move(usual), std::move(uncached)} {}

  ~State() {
    if (pump.joinable()) {
      const std::uint64_t one = 1;
      [[maybe_unused]] const ssize_t written = write(stop, &one, sizeof one);
      pump.join();
    }
    for (Context& context : contexts) context.reset();  // forgets its questions without a word
    for (auto& [id, slot] : slots) slot->done(failure("shutting down"));
    if (stop >= 0) close(stop);
  }

  // libunbound calls this from ub_process(), so on the pump.
  static void answered(void* argument, int error, ub_result* result) {
    const std::unique_ptr<ub_result, decltype(&ub_resolve_free)> owned(result, &ub_resolve_free);
    const auto* slot = static_cast<Slot*>(argument);
    slot->state->finish(slot->id, slot->state->answer(slot->type, error, result));
  }

  // Ends a question once, whoever is first.
  void finish(std::uint64_t id, Answer answer) {
    std::unique_ptr<Slot> slot;
    {
      const std::lock_guard lock(mutex);
      const auto found = slots.find(id);
      if (found == slots.end()) return;
      slot = std::move(found->second);
      slots.erase(found);
    }
    slot->done(std::move(answer));
  }

  Answer answer(Type type, int error, const ub_result* result) {
    if (error != 0 || result == nullptr) return failure(fmt::format("libunbound: {}", ub_strerror(error)));
    if (result->bogus) {
      Answer bogus = failure(result->why_bogus ? printable(result->why_bogus) : "validation failure");
      bogus.status = Status::bogus;
      return bogus;
    }
    constexpr int kNoError = 0;
    constexpr int kNxdomain = 3;  // RFC 1035 4.1.1
    if (result->rcode != kNoError && result->rcode != kNxdomain) return failure(rcode_name(result->rcode));
    const auto* packet = static_cast<const char*>(result->answer_packet);
    const auto cnames = count_cnames({packet, packet == nullptr ? 0 : static_cast<std::size_t>(result->answer_len)});
    if (cnames.value_or(0) > kMostCnames + (type == Type::cname ? 1 : 0)) return failure("too many CNAMEs");
    std::vector<std::string_view> rdata;
    for (int i = 0; result->data != nullptr && result->data[i] != nullptr; ++i)
      rdata.emplace_back(result->data[i], static_cast<std::size_t>(result->len[i]));
    LeftOut left_out;
    Answer answer = answer_of(type, rdata, left_out);
    malformed.add(left_out.malformed);
    over.add(left_out.over);
    if (answer.status == Status::nodata && result->nxdomain) answer.status = Status::nxdomain;
    answer.secure = result->secure != 0;
    answer.ttl = std::chrono::seconds(std::max(result->ttl, 0));
    if (result->canonname != nullptr && cnames.value_or(1) > 0) {
      const auto canonical = Domain::parse(result->canonname);
      answer.canonical_name = canonical ? canonical->text() : printable(ascii_lower(result->canonname), 253);
    }
    return answer;
  }

  static std::string rcode_name(int rcode) {
    switch (rcode) {
      case 1: return "FORMERR";
      case 2: return "SERVFAIL";
      case 4: return "NOTIMP";
      case 5: return "REFUSED";
      default: return fmt::format("rcode {}", rcode);
    }
  }

  // libunbound starts its threads at the first question, and they take the name of the one that asks. This one needs no
  // network.
  void wake_up() {
    pthread_setname_np(pthread_self(), "postern-dns");
    const auto ignore = [](void*, int, ub_result* result) { ub_resolve_free(result); };
    for (const Context& context : contexts)
      ub_resolve_async(context.get(), "localhost", static_cast<int>(Type::a), kInternet, nullptr, ignore, nullptr);
  }

  void run(std::promise<void> awake) {
    wake_up();
    awake.set_value();
    std::array<pollfd, 3> watched{pollfd{stop, POLLIN, 0}, pollfd{ub_fd(contexts[0].get()), POLLIN, 0},
                                  pollfd{ub_fd(contexts[1].get()), POLLIN, 0}};
    for (;;) {
      if (poll(watched.data(), watched.size(), -1) < 0 && errno != EINTR) return;
      if (watched[0].revents != 0) return;
      for (std::size_t i = 0; i < contexts.size(); ++i) {
        if (watched[i + 1].revents != 0) ub_process(contexts[i].get());
      }
    }
  }

  Counter& malformed;
  Counter& over;
  std::array<Context, 2> contexts;
  std::mutex mutex;
  std::unordered_map<std::uint64_t, std::unique_ptr<Slot>> slots;
  std::uint64_t next = 0;
  int stop = -1;
  std::thread pump;
};

UnboundSource::UnboundSource(std::unique_ptr<State> state) : state_(std::move(state)) {}
UnboundSource::~UnboundSource() = default;

Result<std::unique_ptr<Source>> UnboundSource::make(const Options& options, Counters& counters) {
  auto usual = make_context(options, Way::usual);
  if (!usual) return usual.error();
  auto uncached = make_context(options, Way::uncached);
  if (!uncached) return uncached.error();
  auto state = std::make_unique<State>(counters, std::move(usual).value(), std::move(uncached).value());
  state->stop = eventfd(0, EFD_CLOEXEC);
  if (state->stop < 0) return Error{"no event descriptor for DNS", {}};
  std::promise<void> awake;
  std::future<void> is_awake = awake.get_future();
  state->pump = std::thread([s = state.get(), a = std::move(awake)]() mutable { s->run(std::move(a)); });
  is_awake.wait();  // else libunbound's threads would be named after whoever asks first
  return std::unique_ptr<Source>(new UnboundSource(std::move(state)));
}

void UnboundSource::ask(const Question& question, Way way, Done done) {
  State::Slot* slot = nullptr;
  std::uint64_t id = 0;
  {
    const std::lock_guard lock(state_->mutex);
    id = state_->next++;
    auto& owned = state_->slots[id];
    owned = std::make_unique<State::Slot>(State::Slot{state_.get(), id, question.type, std::move(done)});
    slot = owned.get();
  }
  ub_ctx* context = state_->contexts[way == Way::usual ? 0 : 1].get();
  const int error = ub_resolve_async(context, question.name.text().c_str(), static_cast<int>(question.type), kInternet,
                                     slot, &State::answered, nullptr);
  if (error != 0) state_->finish(id, failure(fmt::format("libunbound: {}", ub_strerror(error))));
}

}  // namespace postern::dns
