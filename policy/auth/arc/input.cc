#include "policy/auth/arc/input.h"

#include <string_view>
#include <vector>

#include "policy/auth/dkim/canonical.h"

namespace postern::arc {

std::string message_input(std::span<const HeaderField> header, std::span<const std::string> names,
                          const HeaderField& signature, dkim::Canonicalization form) {
  const std::vector<std::string_view> wanted(names.begin(), names.end());
  std::string input;
  for (const HeaderField* field : dkim::select_fields(header, wanted, &signature))
    dkim::append_field(input, *field, form);
  dkim::append_signature_field(input, signature, form);
  return input;
}

std::string seal_input(std::span<const HeaderField* const> fields, const HeaderField& seal) {
  std::string input;
  for (const HeaderField* field : fields) dkim::append_field(input, *field, dkim::Canonicalization::relaxed);
  dkim::append_signature_field(input, seal, dkim::Canonicalization::relaxed);
  return input;
}

}  // namespace postern::arc
