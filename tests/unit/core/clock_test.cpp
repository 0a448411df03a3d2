#include <core/clock.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstdlib>
#include <ctime>
#include <vector>

using namespace std::chrono;
using core::from_iso;
using core::to_iso;

namespace {

core::Instant at(year_month_day day, microseconds time = {}) {
  return core::Instant{sys_days{day}.time_since_epoch() + time};
}

core::TimeZone zone(const char* name) {
  auto found = core::TimeZone::find(name);
  BOOST_REQUIRE_MESSAGE(found.has_value(), name);
  return *found;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(clock_and_zones)

BOOST_AUTO_TEST_CASE(iso_out) {
  BOOST_TEST(to_iso(at(2026y / 11 / 21, 8h + 15min + 30s)) == "2026-11-21T08:15:30Z");
  BOOST_TEST(to_iso(at(2026y / 11 / 21, 123456us)) == "2026-11-21T00:00:00.123456Z");
  BOOST_TEST(to_iso(at(1969y / 12 / 31, 23h + 1us)) == "1969-12-31T23:00:00.000001Z");
  BOOST_TEST(to_iso(at(812y / 1 / 2)) == "0812-01-02T00:00:00Z");
}

BOOST_AUTO_TEST_CASE(iso_in) {
  const auto noon = at(2024y / 2 / 29, 12h);
  for (const char* text : {"2024-02-29T12:00:00Z", "2024-02-29T12:00Z", "2024-02-29T07:00:00-05:00",
                           "2024-02-29T17:30:00+0530", "2024-02-29T13:00:00.000+01",
                           "2024-02-29 12:00:00,0Z", "2024-02-29T11:59:60Z"}) {
    const auto got = from_iso(text);
    BOOST_REQUIRE_MESSAGE(got.has_value(), text);
    BOOST_TEST(to_iso(*got) == to_iso(noon), text);
  }
  BOOST_TEST((*from_iso("2024-02-29") == at(2024y / 2 / 29)));
  BOOST_TEST((*from_iso("2024-01-01T00:00:00.1234567Z") == at(2024y / 1 / 1, 123456us)));
}

BOOST_AUTO_TEST_CASE(iso_refusals) {
  for (const char* text :
       {"", "2024", "2024-2-9", "2023-02-29", "2024-13-01", "2024-00-10", "2024-01-01T10:00:00",
        "2024-01-01T24:00:00Z", "2024-01-01T10:60:00Z", "2024-01-01T10:00:61Z", "2024-01-01T10Z",
        "2024-01-01T10:00:00.Z", "2024-01-01T10:00:00+15:00", "2024-01-01T10:00:00Z ",
        "2024-01-01T10:00:00+1", "20240101", "-024-01-01", "2024-01-01T-1:00:00Z",
        "2024-01-01T10:00:00.1234567890123Z"}) {
    const auto got = from_iso(text);
    BOOST_TEST(!got.has_value(), text);
    if (!got) BOOST_TEST((got.error().code == core::ErrorCode::kDataType));
  }
}

BOOST_AUTO_TEST_CASE(simulated_clock_only_moves_forward) {
  core::SimulatedClock clock(at(2026y / 1 / 1));
  BOOST_TEST(clock.advance_to(at(2026y / 1 / 2)));
  BOOST_TEST(clock.advance_to(at(2026y / 1 / 2)));
  BOOST_TEST(!clock.advance_to(at(2026y / 1 / 1)));
  BOOST_TEST((clock.now() == at(2026y / 1 / 2)));
}

BOOST_AUTO_TEST_CASE(system_clock_is_after_this_was_written) {
  BOOST_TEST((core::SystemClock{}.now() > at(2025y / 1 / 1)));
}

// Facts from 15 U.S.C. 260a: second Sunday of March to first Sunday of November, at 2 o'clock.
BOOST_AUTO_TEST_CASE(new_york) {
  const auto ny = zone("America/New_York");
  BOOST_TEST(ny.name() == "America/New_York");
  bool unsure = true;
  BOOST_TEST(ny.offset_of_local(2026, 1, 15, 12, 0, 0, &unsure) == -5 * 3600);
  BOOST_TEST(!unsure);
  BOOST_TEST(ny.offset_of_local(2026, 7, 4, 12, 0, 0) == -4 * 3600);
  // 8 March 2026, 02:30 does not exist: the offset before the gap.
  BOOST_TEST(ny.offset_of_local(2026, 3, 8, 2, 30, 0, &unsure) == -5 * 3600);
  BOOST_TEST(unsure);
  // 1 November 2026, 01:30 happens twice: the earlier one is still daylight time.
  BOOST_TEST(ny.offset_of_local(2026, 11, 1, 1, 30, 0, &unsure) == -4 * 3600);
  BOOST_TEST(unsure);
  BOOST_TEST(ny.offset_of_local(2026, 11, 1, 2, 0, 0, &unsure) == -5 * 3600);
  BOOST_TEST(!unsure);
  BOOST_TEST(ny.offset_at(at(2026y / 11 / 1, 5h + 59min)) == -4 * 3600);
  BOOST_TEST(ny.offset_at(at(2026y / 11 / 1, 6h)) == -5 * 3600);
}

BOOST_AUTO_TEST_CASE(other_zones) {
  BOOST_TEST(zone("Asia/Kolkata").offset_of_local(2026, 6, 1, 0, 0, 0) == 19800);
  BOOST_TEST(zone("Europe/Berlin").offset_at(at(2026y / 7 / 1)) == 7200);
  BOOST_TEST(zone("US/Eastern").offset_at(at(2026y / 1 / 1)) == -18000);  // a link
  BOOST_TEST(core::TimeZone{}.name() == "UTC");
  BOOST_TEST(zone("UTC").offset_at(at(2026y / 1 / 1)) == 0);
}

// Against the C library, hour by hour and out of order, so that what a thread remembers of one stretch
// is asked for just beyond its ends. Lord Howe moves by half an hour; Apia left out a whole day.
BOOST_AUTO_TEST_CASE(every_hour_has_the_offset_that_the_c_library_gives) {
  struct Years { const char* zone; year first, last; };
  for (const auto& [name, first, last] :
       {Years{"America/New_York", 2025y, 2027y}, Years{"Australia/Lord_Howe", 2025y, 2026y},
        Years{"Pacific/Apia", 2011y, 2012y}, Years{"Europe/Berlin", 1945y, 1949y}}) {
    ::setenv("TZ", name, 1);
    ::tzset();
    const auto where = zone(name);
    const auto libc = [](std::time_t t) {
      std::tm local{};
      ::localtime_r(&t, &local);
      return static_cast<int>(local.tm_gmtoff);
    };
    const std::time_t begin = sys_days{first / 1 / 1}.time_since_epoch() / 1s;
    const std::time_t end = sys_days{last / 12 / 31}.time_since_epoch() / 1s;
    for (std::time_t hour = begin; hour < end; hour += 3600) {
      for (const std::time_t t : {hour, begin + (end - hour) - 1}) {
        const int offset = libc(t);
        BOOST_REQUIRE_EQUAL(where.offset_at(core::Instant{seconds{t}}), offset);
        // A local time that is there once: the clocks were not moved for a day before or after.
        if (libc(t - 2 * 86'400) != offset || libc(t + 2 * 86'400) != offset) continue;
        const auto local = sys_seconds{seconds{t + offset}};
        const year_month_day date{floor<days>(local)};
        const hh_mm_ss time{local - floor<days>(local)};
        bool unsure = true;
        BOOST_REQUIRE_EQUAL(
            where.offset_of_local(static_cast<int>(date.year()),
                                  static_cast<int>(static_cast<unsigned>(date.month())),
                                  static_cast<int>(static_cast<unsigned>(date.day())),
                                  static_cast<int>(time.hours().count()),
                                  static_cast<int>(time.minutes().count()),
                                  static_cast<int>(time.seconds().count()), &unsure),
            offset);
        BOOST_REQUIRE(!unsure);
      }
    }
  }
  ::unsetenv("TZ");
  ::tzset();
  // Two hours of one night that happen twice, asked for when both stretches are remembered.
  const auto ny = zone("America/New_York");
  bool unsure = false;
  (void)ny.offset_at(at(2026y / 7 / 1));
  (void)ny.offset_at(at(2026y / 12 / 1));
  BOOST_TEST(ny.offset_of_local(2026, 11, 1, 1, 30, 0, &unsure) == -4 * 3600);
  BOOST_TEST(unsure);
}

BOOST_AUTO_TEST_CASE(nonsense_civil_times_do_no_harm) {
  const auto ny = zone("America/New_York");
  for (int year : {-2000000000, 0, 12000, 2000000000}) {
    BOOST_TEST(std::abs(ny.offset_of_local(year, 99, 99, 99, 99, 99)) < 86400);
  }
}

BOOST_AUTO_TEST_CASE(unknown_zone_is_refused_with_the_nearest_name) {
  const auto hint = [](const char* name) {
    auto found = core::TimeZone::find(name);
    BOOST_REQUIRE(!found.has_value());
    BOOST_TEST((found.error().code == core::ErrorCode::kBadConfig));
    return found.error().detail;
  };
  const std::string new_york = "unknown time zone; did you mean America/New_York?";
  BOOST_TEST(hint("America/New_Yrok") == new_york);
  BOOST_TEST(hint("america/new york") == new_york);
  BOOST_TEST(hint("New_York") == new_york);
  BOOST_TEST(hint("") == "unknown time zone");
  hint("../../etc/passwd");
  hint("posix/America/New_York");
}

BOOST_AUTO_TEST_SUITE_END()
