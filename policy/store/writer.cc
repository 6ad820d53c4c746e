#include "policy/store/writer.h"

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <utility>

#include "policy/store/file.h"

namespace postern::store {

namespace {

using sqlite::Status;

constexpr std::size_t kBatch = 50;                  // local: so many, or …
constexpr std::chrono::milliseconds kBatchAge{20};  // … so long after the first of them
constexpr std::size_t kMostInTransaction = 4000;    // local: some megabytes of log
constexpr std::chrono::seconds kTendEvery{1};
constexpr std::chrono::seconds kRetryEvery{1};
constexpr std::chrono::hours kSurveyEvery{24};      // local: rot is found within a day, counts cannot drift for long
constexpr std::size_t kMostNotices = 16;            // local
constexpr std::int64_t kFreePagesWorthwhile = 256;  // local: 1 MiB

SteadyTime steady_now() { return std::chrono::steady_clock::now(); }

}  // namespace

Writer::Writer(std::string path, const Table::Limits& limits, Front& front, Readers& readers, const Times& times,
               const Clock& clock, Counters& counters)
    : path_(std::move(path)),
      front_(front),
      readers_(readers),
      times_(times),
      clock_(clock),
      evicted_(counters.get("store.evicted")),
      write_failed_(counters.get("store.write_failed")),
      replaced_(counters.get("store.replaced")),
      rows_(limits) {
  open();
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "postern-store");
}

Writer::~Writer() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    wanted_ = front_.last();
  }
  wake_.notify_one();
  thread_.join();
  readers_.forget();  // the connection that closes last puts the log into the file
}

void Writer::stir() {
  const bool news = front_.waiting() >= kBatch ? !batch_told_.exchange(true) : !some_told_.exchange(true);
  if (!news) return;
  { const std::lock_guard lock(mutex_); }
  wake_.notify_one();
}

bool Writer::wait(Ticket ticket, const Deadline& deadline) {
  if (ticket > front_.last()) return false;
  std::unique_lock lock(mutex_);
  wanted_ = std::max(wanted_, ticket);
  wake_.notify_one();
  deadline.wait(lock, changed_, [&] { return durable_ >= ticket || !problem_.empty() || front_.has_lost(ticket); });
  return durable_ >= ticket && !front_.has_lost(ticket);
}

void Writer::distrust(std::uint64_t file, std::string_view why) {
  {
    const std::lock_guard lock(mutex_);
    if (file != readers_.files()) return;  // it has been replaced meanwhile
    distrusted_ = why;
  }
  wake_.notify_one();
}

Writer::State Writer::state() const {
  const std::lock_guard lock(mutex_);
  return {problem_, notice_, entries_};
}

std::vector<std::string> Writer::take_notices() {
  const std::lock_guard lock(mutex_);
  return std::exchange(notices_, {});
}

void Writer::run() {
  for (;;) {
    const bool ending = sleep();
    if (connection_.is_open() || open()) pass_judgement(work());
    if (ending) return;
  }
}

/// Until there is something to do. True when this is the end.
bool Writer::sleep() {
  std::unique_lock lock(mutex_);
  if (!connection_.is_open()) {
    wake_.wait_for(lock, kRetryEvery, [&] { return ending_; });
    return ending_;
  }
  const auto urgent = [&] { return ending_ || !distrusted_.empty() || wanted_ > durable_; };
  const bool busy = !rows_.surveyed() || more_room_;
  if (!busy) wake_.wait_until(lock, tend_at_, [&] { return urgent() || some_told_ || batch_told_; });
  if (!busy && some_told_) wake_.wait_for(lock, kBatchAge, [&] { return urgent() || batch_told_; });
  return ending_;
}

bool Writer::open() {
  file::Opened opened = file::open(path_, clock_.wall(), connection_);
  if (!opened.notice.empty()) tell(std::move(opened.notice));
  if (opened.status == Status::ok) opened.status = rows_.attach(connection_);
  readers_.forget();
  if (opened.status == Status::ok) {
    identity_ = file::identity(path_);
    return true;
  }
  fail(opened.problem.empty() ? fmt::format("cannot use {}: {}", path_, connection_.problem()) : opened.problem);
  return false;
}

Status Writer::work() {
  std::string distrusted;
  {
    const std::lock_guard lock(mutex_);
    distrusted = distrusted_;
  }
  if (!distrusted.empty()) {
    replace(distrusted);
    if (!connection_.is_open()) return Status::ok;
  }
  if (const Status status = write(); status != Status::ok) return status;
  if (!rows_.surveyed()) {
    Status status = connection_.run("BEGIN IMMEDIATE");
    if (status == Status::ok) status = rows_.survey(times_.now());
    if (status = commit(status); status != Status::ok) return status;
    survey_at_ = steady_now() + kSurveyEvery;
  } else if (steady_now() >= survey_at_) {
    rows_.survey_anew();
  }
  const Status status = more_room_ || rows_.full() || steady_now() >= tend_at_ ? tend() : Status::ok;
  entries_ = rows_.entries();
  return status;
}

/// All that is unwritten; durable, not in the file alone, where somebody waits for it.
Status Writer::write() {
  some_told_ = false;
  batch_told_ = false;
  Ticket up_to = 0;
  const std::vector<Front::Unwritten> all = front_.unwritten(up_to);
  bool sync = false;
  {
    const std::lock_guard lock(mutex_);
    sync = wanted_ > durable_ || !problem_.empty();
  }
  if (all.empty() && !sync) return Status::ok;
  Status status = Status::ok;
  const Front::Unwritten* const end = all.data() + all.size();
  for (const Front::Unwritten* at = all.data(); at != end && status == Status::ok;) {
    const Front::Unwritten* const next = at + std::min<std::ptrdiff_t>(kMostInTransaction, end - at);
    status = synchronize(sync && next == end);  // the log as a whole, with what was committed before
    if (status == Status::ok) status = write_some(at, next);
    if (status == Status::ok) front_.written(at, next, times_.now());
    at = next;
  }
  if (sync && all.empty()) {
    status = synchronize(true);
    if (status == Status::ok) status = rows_.touch();
  }
  if (status != Status::ok) return status;
  front_.settled(up_to);
  if (!sync) return Status::ok;
  {
    const std::lock_guard lock(mutex_);
    durable_ = std::max(durable_, up_to);
    problem_.clear();
  }
  changed_.notify_all();
  return Status::ok;
}

Status Writer::synchronize(bool each_commit) {
  return connection_.run(each_commit ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
}

Status Writer::write_some(const Front::Unwritten* begin, const Front::Unwritten* end) {
  Status status = connection_.run("BEGIN IMMEDIATE");
  for (const Front::Unwritten* one = begin; one != end && status == Status::ok; ++one)
    status = one->state ? rows_.put(one->space, one->key, *one->state) : rows_.erase(one->space, one->key);
  return commit(status);
}

Status Writer::commit(Status status) { return status == Status::ok ? connection_.run("COMMIT") : status; }

Status Writer::tend() {
  tend_at_ = steady_now() + kTendEvery;
  if (file::identity(path_) != identity_) return begin_anew();
  std::size_t evicted = 0;
  Status status = connection_.run("BEGIN IMMEDIATE");
  if (status == Status::ok) status = rows_.make_room(times_.now(), evicted, more_room_);
  status = commit(status);
  if (status != Status::ok) return status;
  evicted_.add(static_cast<std::int64_t>(evicted));
  std::int64_t pages = 0;
  std::int64_t free_pages = 0;
  status = connection_.ask("PRAGMA page_count", pages);
  if (status == Status::ok) status = connection_.ask("PRAGMA freelist_count", free_pages);
  if (status != Status::ok || free_pages < kFreePagesWorthwhile || free_pages < pages / 4) return status;
  return connection_.run("PRAGMA incremental_vacuum(256)");
}

void Writer::pass_judgement(Status status) {
  switch (status) {
    case Status::ok:
    case Status::end: return;
    case Status::corrupt: return replace(connection_.problem());
    case Status::trouble: return fail(fmt::format("cannot write {}: {}", path_, connection_.problem()));
  }
}

void Writer::replace(std::string_view why) {
  const std::string reason = fmt::format("it is broken: {}", why);  // `why` may be the connection's own
  if (steady_now() < replaced_at_ + kRetryEvery)
    return fail(fmt::format("{}: {}", path_, reason));  // the next one, too
  replaced_at_ = steady_now();
  rows_.detach();
  connection_.close();
  std::string notice = file::move_aside(path_, reason, clock_.wall());
  if (notice.empty()) {
    fail(fmt::format("{}: {}, and it cannot be renamed", path_, reason));
  } else {
    tell(std::move(notice));
    open();
    front_.write_again();
    some_told_ = true;
  }
  readers_.forget();
  const std::lock_guard lock(mutex_);
  distrusted_.clear();
}

/// Somebody has removed the file.
Status Writer::begin_anew() {
  rows_.detach();
  connection_.close();
  if (open()) front_.write_again();
  some_told_ = true;
  return Status::ok;
}

void Writer::fail(const std::string& problem) {
  rows_.detach();
  connection_.close();  // which rolls back
  write_failed_.add();
  more_room_ = false;
  {
    const std::lock_guard lock(mutex_);
    problem_ = problem;
  }
  changed_.notify_all();
}

void Writer::tell(std::string notice) {
  replaced_.add();
  const std::lock_guard lock(mutex_);
  notice_ = notice;
  if (notices_.size() < kMostNotices) notices_.push_back(std::move(notice));
}

}  // namespace postern::store
