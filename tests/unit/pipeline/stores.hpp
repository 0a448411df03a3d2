#pragma once
#include <boost/test/unit_test.hpp>
#include <schema/r4.hpp>
#include <store/journal.hpp>
#include <store/records.hpp>

#include <filesystem>
#include <memory>
#include <string>
#include <unistd.h>
#include "paths.hpp"

namespace test {

inline const schema::R4& r4() {
  static const schema::R4 facts = [] {
    auto loaded = schema::R4::load(test::source_path("/schemas/fhir/r4.txt"));
    BOOST_REQUIRE(loaded.has_value());
    return std::move(*loaded);
  }();
  return facts;
}

/// A journal and records in a folder of their own.
struct Stores {
  std::string path;
  core::SystemClock clock;
  std::unique_ptr<store::Journal> journal;
  std::unique_ptr<store::Records> records;

  Stores() {
    static int number = 0;
    path = (std::filesystem::temp_directory_path() /
            ("chartwire-unit-" + std::to_string(::getpid()) + "-" + std::to_string(++number)))
               .string();
    std::filesystem::create_directories(path);
    store::Journal::Options options;
    options.directory = path + "/journal";
    options.disk_free_min_bytes = 1;
    auto opened = store::Journal::open(std::move(options), clock);
    BOOST_REQUIRE(opened.has_value());
    journal = std::move(*opened);
    auto made = store::Records::open(path, r4());
    BOOST_REQUIRE(made.has_value());
    records = std::move(*made);
  }
  ~Stores() {
    journal.reset();
    records.reset();
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  std::unique_ptr<store::Records> reader() const {
    auto opened = store::Records::open_read_only(path, r4());
    BOOST_REQUIRE(opened.has_value());
    return std::move(*opened);
  }
};

}  // namespace test
