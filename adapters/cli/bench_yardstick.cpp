#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>
#include <rapidjson/document.h>
#include <rapidjson/reader.h>
#include <rapidjson/writer.h>

#include <algorithm>

#include "yardstick.hpp"

namespace cli::bench {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kJsonTime{150};   ///< of each figure

std::string bundle_of_5_kb() {
  std::string out = R"({"resourceType":"Bundle","type":"transaction","entry":[)";
  for (int i = 1; out.size() < 5'000; ++i) {
    out += fmt::format(
        R"({0}{{"fullUrl":"urn:uuid:00000000-0000-4000-8000-{1:012}","resource":{{)"
        R"("resourceType":"Observation","id":"{1}","status":"final","code":{{"coding":[{{)"
        R"("system":"http://loinc.org","code":"{2}-7","display":"Component {1}"}}]}},)"
        R"("effectiveDateTime":"2026-01-10T09:00:00-05:00","valueQuantity":{{"value":{1}.5,)"
        R"("unit":"mg/dL","system":"http://unitsofmeasure.org"}}}},)"
        R"("request":{{"method":"PUT","url":"Observation/{1}"}}}})",
        i == 1 ? "" : ",", i, 2340 + i);
  }
  return out + "]}";
}

/// @return MB/s, when one call goes through `bytes`.
template <class Work>
double megabytes(std::size_t bytes, const Work& work) {
  return calls_per_second(kJsonTime, work) * static_cast<double>(bytes) / 1e6;
}

}  // namespace

double JsonRate::pace() const {
  return std::min(1.0, std::max(write_mb / kJsonWriteMb, parse_mb / kJsonParseMb));
}

JsonRate json_rate() {
  const std::string text = bundle_of_5_kb();
  JsonRate rate;
  rate.parse_mb = megabytes(text.size(), [&] {
    rapidjson::Reader reader;
    rapidjson::StringStream in(text.c_str());
    rapidjson::BaseReaderHandler<> nobody;
    reader.Parse(in, nobody);
  });
  rapidjson::Document document;
  document.Parse(text.c_str(), text.size());
  rapidjson::StringBuffer out;
  rate.write_mb = megabytes(text.size(), [&] {
    out.Clear();
    rapidjson::Writer<rapidjson::StringBuffer> writer(out);
    document.Accept(writer);
  });
  return rate;
}

double fsync_rate(const std::string& folder) {
  const std::string path = folder + "/.bench-sync";
  const int file = ::open(path.c_str(), O_CREAT | O_WRONLY | O_TRUNC, 0600);
  if (file < 0) return 0;
  const std::string block(4096, 'x');
  std::uint64_t count = 0;
  const Clock::time_point began = Clock::now();
  while (Clock::now() - began < std::chrono::seconds(1)) {
    if (::write(file, block.data(), block.size()) < 0 || ::fdatasync(file) != 0) break;
    ++count;
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - began).count();
  ::close(file);
  ::unlink(path.c_str());
  return static_cast<double>(count) / seconds;
}

}  // namespace cli::bench
