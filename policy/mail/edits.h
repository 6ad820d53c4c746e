#pragma once

#include <span>
#include <vector>

#include "policy/mail/facts.h"

namespace postern {

/// The fields of `header` as they stand once `edits` are made: what is deleted counts among the fields of `header`,
/// what is inserted goes to the top in the order of `edits` (the last one is the first field), what is added to the end.
std::vector<HeaderField> with_edits(std::span<const HeaderField> header, std::span<const Edit> edits);

}  // namespace postern
