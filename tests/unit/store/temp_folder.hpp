#pragma once
#include <core/clock.hpp>
#include <store/journal.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace store_test {

/// A folder that ends with the test.
class TempFolder {
 public:
  TempFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "cw-store-XXXXXX").string();
    BOOST_REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

inline core::Instant at(const char* iso) { return core::from_iso(iso).value(); }

/// Fails the test with the error's text.
template <class T>
T must(core::Result<T> result) {
  if (!result) BOOST_FAIL(result.error().text());
  return std::move(*result);
}
inline void must(const core::Status& status) {
  if (!status) BOOST_FAIL(status.error().text());
}

inline store::Journal::Options journal_options(const std::string& folder) {
  store::Journal::Options options;
  options.directory = folder;
  options.disk_free_min_bytes = 0;
  return options;
}

/// A message with a body of about `bytes`, different for each number.
inline store::Entry message(int number, std::size_t bytes = 300) {
  store::Entry entry;
  entry.feed = core::FeedName{"hospital"};
  entry.peer = "127.0.0.1:5000";
  entry.sender = "APP|FACILITY";
  entry.control_id = core::ControlId{"C" + std::to_string(number)};
  entry.type = "ADT^A01";
  entry.raw = "MSH|^~\\&|APP|FACILITY|||20260101||ADT^A01|C" + std::to_string(number) + "|P|2.5\r";
  for (unsigned seed = static_cast<unsigned>(number) + 1; entry.raw.size() < bytes;) {
    seed = seed * 1664525u + 1013904223u;
    entry.raw += "ZZZ|" + std::to_string(seed) + "\r";
  }
  entry.ack = "MSA|AA|C" + std::to_string(number) + "\r";
  entry.ack_positive = true;
  entry.config_hash = "cfg";
  return entry;
}

}  // namespace store_test
