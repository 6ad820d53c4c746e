#include "policy/limits/tally.h"

#include <algorithm>

#include "policy/limits/value_tally.h"

namespace postern::limits {

namespace {

using std::chrono::milliseconds;

/// How long until the cost fits beside what is used; 0 where it does. Reservations may be given back any moment, so that what
/// is committed alone says when: nobody is to be refused for good for what others have only reserved.
milliseconds wait(const Window* window, const Allowance& allow, std::int64_t used, std::int64_t cost,
                  const Request& request) {
  if (allow.most <= 0 || cost > allow.most || cost > allow.burst.value_or(cost)) return Answer::kNever;
  if (cost == 0 && request.demand.amount > 0) return milliseconds(0);  // a value that is in, whatever else is
  std::int64_t ms = 0;
  if (used + cost > allow.most) {
    const Shape shape = Shape::of(allow.window);
    const std::int64_t committed = window != nullptr ? window->used.sum() : 0;
    std::optional<Moment> frees;
    if (committed + cost > allow.most) frees = window->used.frees(shape, committed + cost - allow.most);
    ms = frees ? std::max<std::int64_t>(*frees - request.now, 1) : shape.slot;  // local
  }
  if (allow.burst && window != nullptr) ms = std::max(ms, window->smooth.wait(allow, cost, request.now));
  return milliseconds(ms);
}

}  // namespace

Weighed weigh(Account* account, const Request& request, Answer& answer) {
  const Demand& demand = request.demand;
  Weighed weighed;
  bool can_be_kept = true;
  if (demand.amount > 0 && counts_values(demand.unit))
    can_be_kept = values::cost(account, request, weighed);
  else
    weighed.costs.fill(std::max<std::int64_t>(demand.amount, 0));
  bool near = false;
  std::int64_t least_left = 0;
  answer.next = milliseconds(0);
  answer.tightest = 0;
  for (std::size_t i = 0; i < demand.allow.size(); ++i) {
    const Allowance& allow = demand.allow[i];
    const Window* const window = account != nullptr ? account->window(allow.window) : nullptr;
    const std::int64_t used = window != nullptr ? account->used(*window) : account != nullptr ? account->open.sum() : 0;
    const std::int64_t cost = weighed.costs[i];
    const milliseconds next = wait(window, allow, used, cost, request);
    if (next > milliseconds(0)) weighed.fits = false;
    const std::int64_t left = allow.most - used;
    const bool tightest = i == 0 || next > answer.next || (next == answer.next && weighed.fits && left < least_left);
    if (tightest) {
      answer.tightest = i;
      answer.next = next;
      least_left = left;
    }
    near = near || (used + cost) * 100 >= allow.most * demand.near;
    answer.used[i] = used;
    answer.allow[i] = allow.most;
  }
  if (!can_be_kept) {
    weighed.fits = false;
    answer.next = std::max(answer.next, slot_of(demand.allow[answer.tightest].window));
  }
  answer.kind = !weighed.fits ? Answer::Kind::over : near ? Answer::Kind::near : Answer::Kind::ok;
  return weighed;
}

Taken take(Account& account, const Request& request, const Weighed& weighed, Arrivals& arrivals) {
  const Demand& demand = request.demand;
  for (std::size_t i = 0; i < demand.allow.size(); ++i) {
    const Allowance& allow = demand.allow[i];
    if (!allow.burst || weighed.costs[i] == 0) continue;
    Gcra& smooth = account.window(allow.window)->smooth;
    smooth.add(allow, weighed.costs[i], request.now);
    arrivals[i] = smooth.arrival();
  }
  if (counts_values(demand.unit)) return values::take(account, request);
  account.open.add(kLease.slot_at(request.now), demand.amount, request.budget);
  return Taken::placed;
}

std::int64_t commit(Account& account, const Request& request, const Held& held) {
  const Demand& demand = request.demand;
  if (counts_values(demand.unit)) return values::commit(account, request, held);
  if (held.open) account.open.take_since(held.lease, demand.amount);
  for (const Allowance& allow : demand.allow) {
    Window& window = *account.window(allow.window);
    window.used.add(window.shape().slot_at(request.now), demand.amount, request.budget);
    if (!held.any && allow.burst && allow.most > 0) window.smooth.add(allow, demand.amount, request.now);
  }
  return demand.amount;
}

void release(Account& account, const Request& request, const Held& held) {
  if (!held.open) return;
  const Demand& demand = request.demand;
  if (counts_values(demand.unit)) return values::release(account, request, held);
  account.open.take_since(held.lease, demand.amount);
  for (std::size_t i = 0; i < demand.allow.size(); ++i) {
    const Allowance& allow = demand.allow[i];
    Window* const window = allow.burst && allow.most > 0 ? account.window(allow.window) : nullptr;
    if (window != nullptr) window->smooth.give_back(allow, demand.amount, held.arrivals[i], request.now);
  }
}

}  // namespace postern::limits
