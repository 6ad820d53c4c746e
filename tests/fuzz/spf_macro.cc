// A macro-string in the first line; in the second what its letters stand for.

#include <algorithm>
#include <string>

#include "policy/auth/spf/macro.h"
#include "policy/dns/name_text.h"
#include "tests/fuzz/oracle.h"

using namespace postern;
using fuzz::hold;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  const std::size_t line = std::min(text.find('\n'), text.size());
  const std::string_view spec = text.substr(0, line);
  const std::string value(text.substr(std::min(text.size(), line + 1)));

  const auto any = spf::MacroString::parse(spec);
  const auto target = spf::MacroString::parse_domain_spec(spec);
  const auto explanation = spf::MacroString::parse_explanation(spec);
  hold(!target || any, "a domain-spec is a macro-string");
  hold(!any || explanation, "an explanation may say whatever a macro-string says");
  for (const auto& macro : {any, target, explanation}) {
    if (!macro) continue;
    std::size_t asked = 0;
    bool named = true;
    const auto expanded = macro->expand([&](char letter) {
      ++asked;
      named = named && macro->uses(letter) && letter >= 'a' && letter <= 'z';
      return std::optional(value);
    });
    hold(named, "it asks for letters that it has");
    hold(asked <= spf::kMostMacros, "macros are bounded");
    hold(expanded.has_value() && expanded->size() <= spf::kMostExpandedBytes, "what all have values for has a text");
    const auto lost = macro->expand([](char) { return std::nullopt; });
    hold(asked == 0 ? lost == expanded : !lost, "a macro without a value leaves none");
    if (const auto name = spf::target_name(*expanded))
      hold(dns::to_wire(name->text()).has_value(), "a target has a wire form");
  }
  return 0;
}
