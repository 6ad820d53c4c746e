#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "policy/store/make_store.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temp_folder.h"

namespace postern::store {

/// A store, its clock, and the folder where its file is.
class StoreWorld {
 public:
  explicit StoreWorld(Options::Type type = Options::Type::sqlite, Options limits = {}) : options(std::move(limits)) {
    options.type = type;
    options.path = folder / "store.db";
    open();
  }

  void open() {
    store.reset();
    auto made = make_store(options, clock, counters);
    if (made) store = std::move(made).value();
  }
  std::string get(Space space, std::string_view key) {
    const auto entry = store->get(space, key);
    return entry ? entry->value : "-";
  }
  Ticket put(Space space, std::string_view key, std::string_view value,
             std::chrono::seconds age = std::chrono::hours(1)) {
    return store->put(space, key, value, clock.wall() + age);
  }
  std::string listed(Space space, std::string_view prefix, std::size_t most) {
    std::string all;
    for (const auto& [key, entry] : store->list(space, prefix, most)) all += key + "=" + entry.value + " ";
    return all;
  }
  bool wait(Ticket ticket, std::chrono::seconds patience = std::chrono::seconds(20)) {
    return store->wait(ticket, Deadline(std::chrono::steady_clock::now() + patience));
  }
  bool wait() { return wait(store->last()); }
  std::int64_t counted(std::string_view name) { return counters.get(name).value(); }

  test::TempFolder folder;
  test::FakeClock clock;
  Counters counters;
  Options options;
  std::unique_ptr<Store> store;
};

/// Asks again until it is so, 20 s at most: what a thread of the store does by and by.
template <class Condition>
bool eventually(Condition holds) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

}  // namespace postern::store
