#include "policy/base/geo.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <string>

#include "tests/support/mmdb_writer.h"
#include "tests/support/temp_folder.h"

namespace postern {
namespace {

using test::MmdbWriter;
using test::TempFolder;

IpAddress ip(std::string_view text) { return *IpAddress::parse(text); }

void write(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

std::string sample() {
  MmdbWriter w;
  w.add("192.0.2.0/24", "DE", 64500);
  w.add("198.51.100.0/25", "FR");
  w.add("203.0.113.7/32", "", 64501);
  w.add("2001:db8::/32", "NL", 4200000000);
  return w.bytes();
}

/// A file that holds `bytes`, and what is read of it.
struct World {
  explicit World(const std::string& bytes = sample()) { write(path, bytes); }

  TempFolder folder;
  std::string path = folder / "geo.mmdb";
};

TEST(Geo, TellsCountryAndAutonomousSystem) {
  World w;
  const auto geo = GeoDatabase::open(w.path);
  ASSERT_TRUE(geo) << geo.error().message;
  EXPECT_EQ((*geo)->country(ip("192.0.2.1")), "DE");
  EXPECT_EQ((*geo)->asn(ip("192.0.2.255")), "64500");
  EXPECT_EQ((*geo)->country(ip("198.51.100.127")), "FR");
  EXPECT_EQ((*geo)->country(ip("198.51.100.128")), "");
  EXPECT_EQ((*geo)->asn(ip("198.51.100.1")), "");
  EXPECT_EQ((*geo)->asn(ip("203.0.113.7")), "64501");
  EXPECT_EQ((*geo)->asn(ip("203.0.113.6")), "");
  EXPECT_EQ((*geo)->country(ip("2001:db8:1::1")), "NL");
  EXPECT_EQ((*geo)->asn(ip("2001:db8::1")), "4200000000");
  EXPECT_EQ((*geo)->country(ip("2001:db9::1")), "");
}

TEST(Geo, FollowsPointers) {
  MmdbWriter w;
  const std::string record =
      MmdbWriter::map({{"country", MmdbWriter::map({{"iso_code", MmdbWriter::text("DE")}})}});  // "country" is at 1
  w.add_raw("192.0.2.0/24", record);
  w.add_raw("192.0.3.0/24", std::string("\x20\x00", 2));              // the record
  w.add_raw("192.0.4.0/24", std::string("\xe1\x20\x01\x20\x09", 5));  // its key, and the value of that
  w.add_raw("192.0.5.0/24", std::string("\x20\x1d", 2));              // this pointer itself
  World world(w.bytes());
  const auto geo = GeoDatabase::open(world.path).value();
  EXPECT_EQ(geo->country(ip("192.0.3.1")), "DE");
  EXPECT_EQ(geo->country(ip("192.0.4.1")), "DE");
  EXPECT_EQ(geo->country(ip("192.0.5.1")), "");
}

TEST(Geo, IsAnErrorWithoutAFileOfItsFormat) {
  TempFolder folder;
  EXPECT_FALSE(GeoDatabase::open(folder / "gone"));
  EXPECT_FALSE(GeoDatabase::open(folder.path()));
  write(folder / "empty", "");
  EXPECT_FALSE(GeoDatabase::open(folder / "empty"));
  write(folder / "text", std::string(100'000, 'x'));
  const auto text = GeoDatabase::open(folder / "text");
  ASSERT_FALSE(text);
  EXPECT_NE(text.error().message.find(folder / "text"), std::string::npos);
}

TEST(Geo, ReadsAgainWhatIsReplaced) {
  World w;
  auto geo = GeoDatabase::open(w.path).value();
  EXPECT_TRUE(geo->refresh().empty());
  MmdbWriter other;
  other.add("192.0.2.0/24", "SE");
  write(w.folder / "new", other.bytes());
  std::filesystem::rename(w.folder / "new", w.path);
  EXPECT_EQ(geo->country(ip("192.0.2.1")), "DE");
  EXPECT_TRUE(geo->refresh().empty());
  EXPECT_EQ(geo->country(ip("192.0.2.1")), "SE");
}

TEST(Geo, KeepsWhatItHasWhereTheNewFileIsBrokenOrGone) {
  World w;
  auto geo = GeoDatabase::open(w.path).value();
  write(w.path, "no database");
  EXPECT_EQ(geo->refresh().size(), 1U);
  EXPECT_TRUE(geo->refresh().empty());  // told once
  std::filesystem::remove(w.path);
  EXPECT_EQ(geo->refresh().size(), 1U);
  EXPECT_EQ(geo->country(ip("192.0.2.1")), "DE");
}

TEST(Geo, DoesNotFeelThatTheFileIsCut) {
  World w;
  auto geo = GeoDatabase::open(w.path).value();
  std::filesystem::resize_file(w.path, 0);  // a mapped file would be SIGBUS at the next look
  EXPECT_EQ(geo->country(ip("192.0.2.1")), "DE");
  EXPECT_EQ(geo->asn(ip("2001:db8::1")), "4200000000");
}

TEST(Geo, TakesOnlyWhatLooksLikeOne) {
  MmdbWriter odd;
  odd.add_raw("192.0.2.0/24", MmdbWriter::map({{"country", MmdbWriter::text("DE")}}));
  odd.add_raw("192.0.3.0/24", MmdbWriter::map({{"country", MmdbWriter::map({{"iso_code", MmdbWriter::text("\x1b[")}})},
                                               {"autonomous_system_number", MmdbWriter::text("3320")}}));
  odd.add_raw("192.0.4.0/24", MmdbWriter::map({{"country", MmdbWriter::map({{"iso_code", MmdbWriter::number(1)}})}}));
  World w(odd.bytes());
  const auto geo = GeoDatabase::open(w.path).value();
  for (const std::string_view address : {"192.0.2.1", "192.0.3.1", "192.0.4.1"}) {
    EXPECT_EQ(geo->country(ip(address)), "") << address;
    EXPECT_EQ(geo->asn(ip(address)), "") << address;
  }
}

void look_everywhere(const std::string& path) {
  const auto geo = GeoDatabase::open(path);
  if (!geo) return;
  for (const std::string_view address :
       {"0.0.0.0", "192.0.2.1", "198.51.100.1", "203.0.113.7", "255.255.255.255", "2001:db8::1", "::", "ffff::"}) {
    (*geo)->country(ip(address));
    (*geo)->asn(ip(address));
  }
}

TEST(Geo, LivesThroughFilesThatAreCut) {
  const std::string whole = sample();
  World w;
  for (std::size_t size = 0; size < whole.size(); size += 11) {
    write(w.path, whole.substr(0, size));
    look_everywhere(w.path);
    write(w.path, whole.substr(size));
    look_everywhere(w.path);
  }
}

TEST(Geo, LivesThroughFilesThatAreChanged) {
  const std::string whole = sample();
  World w;
  std::mt19937 dice(1);  // NOLINT: the same each time
  for (int i = 0; i < 1000; ++i) {
    std::string bytes = whole;
    // The tree is long and holds little: half of the changes are in what follows it.
    for (unsigned n = dice() % 4 + 1; n > 0; --n) {
      const std::size_t tail = std::min<std::size_t>(bytes.size(), 400);
      const std::size_t at = dice() % 2 == 0 ? dice() % bytes.size() : bytes.size() - 1 - dice() % tail;
      bytes[at] = static_cast<char>(dice() % 3 == 0 ? 0xff : dice());
    }
    write(w.path, bytes);
    look_everywhere(w.path);
  }
}

TEST(Geo, LivesThroughMapsWithoutAnEnd) {
  const auto nested = [](std::size_t depth) {  // arrays of one array
    std::string out;
    for (std::size_t i = 0; i < depth; ++i) out += std::string("\x01\x04", 2);
    return out + MmdbWriter::number(1);
  };
  MmdbWriter deep;
  deep.add_raw("192.0.2.0/24", MmdbWriter::map({{"a", nested(2'000'000)}, {"country", MmdbWriter::text("DE")}}));
  World w(deep.bytes());
  look_everywhere(w.path);

  std::string bytes = sample();
  write(w.path, bytes +
                    "\xab\xcd\xef"
                    "MaxMind.com" +
                    MmdbWriter::map({{"a", nested(60'000)}}));
  EXPECT_FALSE(GeoDatabase::open(w.path));

  MmdbWriter loop;
  loop.add_raw("192.0.2.0/24", std::string("\xe1\x41"
                                           "a\x20\x00",
                                           5));  // a pointer to the map that it is in
  write(w.path, loop.bytes());
  look_everywhere(w.path);
}

}  // namespace
}  // namespace postern
