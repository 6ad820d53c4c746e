#include "policy/accounts/callout/options.h"

#include <charconv>

namespace postern::callout {

std::optional<AllowedTarget> AllowedTarget::parse(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view network = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  const bool is_bracketed = network.size() > 2 && network.front() == '[' && network.back() == ']';
  if (is_bracketed) network = network.substr(1, network.size() - 2);
  if (!is_bracketed && network.find(':') != std::string_view::npos) return std::nullopt;  // which colon is the port's?
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc() || end != digits.data() + digits.size() || port == 0) return std::nullopt;
  const auto parsed = Network::parse(network);
  if (!parsed) return std::nullopt;
  return AllowedTarget{*parsed, port};
}

}  // namespace postern::callout
