#pragma once

#include <memory>
#include <string>
#include <vector>

#include "policy/base/ip.h"
#include "policy/base/result.h"

namespace postern {

/// Where addresses are, by a file in MaxMind's DB format (`GeoLite2-Country.mmdb`, `GeoLite2-ASN.mmdb`, or one that holds
/// both). The file is copied into memory as it is opened, so that nothing that becomes of it is felt: cutting a file that
/// is mapped would kill the process. Thread-safe.
class GeoDatabase {
 public:
  /// An Error where there is no such file, where it is over 256 MiB, or where it is none of that format.
  static Result<std::unique_ptr<GeoDatabase>> open(std::string path);
  ~GeoDatabase();

  /// The ISO code of the country, as `DE`; empty where the file does not tell, or is broken there.
  std::string country(const IpAddress& address) const;
  /// The number of the autonomous system, as `3320`; empty likewise.
  std::string asn(const IpAddress& address) const;

  /// Reads the file again if it is another than the one read last. What is wrong with it keeps the old content and is
  /// answered. For one thread at a time.
  std::vector<std::string> refresh();

 private:
  struct Content;
  struct Read;
  explicit GeoDatabase(std::string path) : path_(std::move(path)) {}
  Read read();

  std::string path_;
  std::string stamp_;  ///< of the file read last, broken or not
  std::shared_ptr<const Content> content_;
};

}  // namespace postern
