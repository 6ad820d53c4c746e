// Accounts as people use them and as thieves do, by the thousand, and what behaviour makes of them.
// usage: behaviour_simulation [--seed N] [--accounts N] [--days N] [--runs N] [--no-places] [--reasons] [--markdown FILE] [--plot FILE]
#include <fmt/format.h>

#include <charconv>
#include <fstream>
#include <string>
#include <string_view>

#include "tests/bench/behaviour/report.h"

namespace {

using namespace postern::bench;

struct Options {
  std::uint64_t seed = 1;
  Size size;
  bool places = true, reasons = false;
  std::string markdown, plot;
};

template <class Number>
bool read(std::string_view text, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

bool read(int argc, char** argv, Options& out) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view what = argv[i];
    if (what == "--no-places") {
      out.places = false;
      continue;
    }
    if (what == "--reasons") {
      out.reasons = true;
      continue;
    }
    if (++i == argc) return false;
    const std::string_view value = argv[i];
    if (what == "--markdown") {
      out.markdown = value;
    } else if (what == "--plot") {
      out.plot = value;
    } else if (!(what == "--seed" && read(value, out.seed)) &&
               !(what == "--accounts" && read(value, out.size.accounts)) &&
               !(what == "--days" && read(value, out.size.days)) && !(what == "--runs" && read(value, out.size.runs))) {
      return false;
    }
  }
  return true;
}

bool write(const std::string& path, const std::string& bytes) {
  return path.empty() || (std::ofstream(path, std::ios::binary) << bytes).good();
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!read(argc, argv, options)) {
    fmt::print(stderr, "behaviour_simulation: read its first lines for what may be said\n");
    return 2;
  }
  const Results results = simulate({}, options.size, options.seed, options.places);
  const Report report = postern::bench::report(results);
  fmt::print("{}", text(report));
  fmt::print("\nseed {}; one judge() took {:.1f} us of CPU in the mean, of {}\n", options.seed, results.judge_ns / 1000,
             results.judged);
  if (options.reasons) fmt::print("\n{}", reasons(results));
  if (!write(options.markdown, markdown(report)) || !write(options.plot, plot(report))) {
    fmt::print(stderr, "behaviour_simulation: the output cannot be written\n");
    return 2;
  }
  return report.met() ? 0 : 1;
}
