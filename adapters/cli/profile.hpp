#pragma once
#include <core/result.hpp>
#include <core/yaml.hpp>
#include <hl7/message.hpp>
#include <schema/v2.hpp>

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace cli {

// Limits of a profile; what goes beyond is said to be "many", not listed.
inline constexpr std::size_t kProfileCodesMax = 60;      ///< distinct codes of one field
inline constexpr std::size_t kProfileCodeBytesMax = 20;  ///< longer is text, whatever its type
inline constexpr std::size_t kProfileSegmentsMax = 500;  ///< distinct segment names
/// A field has vanished when it was in at least a tenth of its segments and is now in none of so
/// many.
inline constexpr std::uint64_t kVanishedSegmentsMin = 20;

/// What a sender really uses: message types, versions, segments, fields, components, lengths, and
/// the codes of coded fields. Holds no patient data: values are kept only of fields of the types
/// ID, IS, CE, CWE, CNE, CF that an HL7 table stands behind, first component, in the shape of a
/// code, and only while a field has few of them.
class FeedProfile {
 public:
  void add(const hl7::Message& message, const schema::V2Schema& schemas);

  /// YAML, keys in order: the same messages give the same text.
  std::string yaml(std::string_view name) const;
  /// Errors: kBadYaml, kBadConfig with the place.
  static core::Result<FeedProfile> read(std::string_view text, std::string file);

  std::uint64_t messages() const { return messages_; }

  /// One difference of what came from what was known.
  struct Drift {
    std::string what;    ///< "new segment", "new field", "new code", "field vanished"...
    std::string where;   ///< "PID-8"
    std::string detail;
  };
  /// What is in `now` and not here, and what has gone. Lengths count when they more than double.
  std::vector<Drift> drift(const FeedProfile& now) const;

 private:
  struct Field {
    std::uint64_t in = 0;          ///< segments that hold it
    std::uint64_t repetitions = 0; ///< most at once
    std::uint64_t length = 0;      ///< longest, in bytes, all repetitions
    std::set<int> components;
    std::map<std::string, std::uint64_t> codes;
    bool coded = false, many = false;
  };
  struct Segment {
    std::uint64_t in = 0;          ///< messages that have it
    std::uint64_t count = 0;       ///< segments
    std::uint64_t most = 0;        ///< in one message
    std::map<int, Field> fields;
  };
  void add_field(const hl7::Value& value, const schema::FieldDef* facts, Field& into);
  static core::Status read_segment(const core::yaml::Node& node, const core::yaml::File& file,
                                   Segment& into);
  void drift_of_fields(const std::string& name, const Segment& before, const Segment& now,
                       std::vector<Drift>& out) const;

  std::uint64_t messages_ = 0;
  std::map<std::string, std::uint64_t> versions_, types_;
  std::map<std::string, Segment> segments_;
};

/// `profile`: learn, write, compare.
struct ProfileOptions {
  std::string config, out, against, from, name;
  std::vector<std::string> sources;    ///< a feed's name (with a configuration), or files
};

}  // namespace cli
