#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace postern::accounts {

/// Walks every entry of the main database of an LMDB file, as its last commit left it, in the order of the keys.
///
/// `entry` is told each key and value, as views into `bytes`, and stops the walk by answering false. What is wrong with
/// the file is answered; empty when nothing is. Linear in the size of the file, whatever stands in it.
std::string walk_lmdb(std::string_view bytes, const std::function<bool(std::string_view, std::string_view)>& entry);

}  // namespace postern::accounts
