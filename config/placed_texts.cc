#include "config/placed_texts.h"

#include <fmt/format.h>

namespace postern::config {

std::vector<PlacedText> placed_texts(Settings& settings, std::string_view key, std::string_view form,
                                     std::string_view fallback, std::string_view doc) {
  std::vector<PlacedText> result;
  const Node* node = settings.node(key, form, fallback, doc);
  if (node == nullptr || node->is_null()) return result;
  if (node->is_scalar()) return {{node->text, node->where}};
  if (!node->is_list()) {
    settings.problems().error(node->where, fmt::format("{} wants a list, not {}", key, node->describe()));
    return result;
  }
  for (const Node& item : node->items) {
    if (item.is_scalar())
      result.push_back({item.text, item.where});
    else
      settings.problems().error(item.where, fmt::format("{} wants a list of texts, this is {}", key, item.describe()));
  }
  return result;
}

}  // namespace postern::config
