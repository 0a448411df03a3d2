#include <schema/v2.hpp>

#include <algorithm>

namespace schema {
namespace {

/// Characters of UTF-8 text.
std::size_t character_count(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) {
    if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) ++count;
  }
  return count;
}

class FieldChecks {
 public:
  FieldChecks(const hl7::Message& message, const V2Version& version, bool strict,
              hl7::Issues& issues)
      : message_(message), version_(version), issues_(issues),
        severity_(strict ? hl7::Severity::kError : hl7::Severity::kWarning) {}

  void run() {
    for (std::uint32_t i = 0; i < message_.segment_count() && found_ < kFieldIssuesMax; ++i) {
      const hl7::SegmentView segment = message_.segment(i);
      if (const SegmentDef* def = version_.segment(segment.name())) check_segment(segment, *def);
    }
  }

 private:
  /// Where a value is; made into a Location only for an issue.
  struct Spot {
    int field = 0, repetition = 0, component = 0, subcomponent = 0;
  };

  void check_segment(const hl7::SegmentView& segment, const SegmentDef& def) {
    segment_ = segment;
    const bool header = def.id == "MSH" || def.id == "BHS" || def.id == "FHS";
    const bool result = def.id == "OBX";
    for (const FieldDef& field : def.fields) {
      if (header && field.number <= 2) continue;
      const hl7::Value value = segment.field(field.number);
      if (value.empty()) {
        if (field.optionality == 'R')
          report(core::ErrorCode::kRequiredFieldMissing, {field.number}, field.name);
        continue;
      }
      const DatatypeDef* type = field.datatype;
      if (type != nullptr && type->form == Form::kVaries) {
        type = result && field.number == 5 ? result_type(segment) : nullptr;
      }
      check_field(value, field, type);
    }
  }

  /// The data type that OBX-2 names. A name that the version does not have is an issue.
  const DatatypeDef* result_type(const hl7::SegmentView& segment) {
    const std::string_view name = segment.field(2).raw();
    if (name.empty()) {
      report(core::ErrorCode::kRequiredFieldMissing, {2}, "the type of OBX-5");
      return nullptr;
    }
    const DatatypeDef* type = version_.datatype(name);
    if (type == nullptr) report(core::ErrorCode::kDataType, {2}, "data type unknown");
    return type;
  }

  void check_field(const hl7::Value& value, const FieldDef& field, const DatatypeDef* type) {
    const int count = value.repetition_count();
    if (field.repeat_max > 0 && count > field.repeat_max && field.number != 5) {
      report(core::ErrorCode::kCardinality, {field.number, field.repeat_max + 1},
             field.name + " repeats too often");
    }
    for (int r = 1; r <= count && found_ < kFieldIssuesMax; ++r) {
      const hl7::Value repetition = value.repetition(r);
      if (repetition.empty() || repetition.is_null()) continue;
      const Spot spot{field.number, r};
      const auto length_max = static_cast<std::size_t>(field.length_max);
      if (length_max > 0 && repetition.raw().size() > length_max &&
          character_count(repetition.raw()) > length_max) {
        report(core::ErrorCode::kTooLong, spot, field.name + " is too long");
      }
      if (type != nullptr) check_value(repetition, *type, field.codes, spot, field.name);
    }
  }

  void check_value(const hl7::Value& value, const DatatypeDef& type,
                   const std::vector<std::string>* codes, const Spot& spot,
                   const std::string& name) {
    if (type.form != Form::kComposite) return check_primitive(value, type.form, codes, spot, name);
    // Deeper than sub-components there is nothing: a composite in one reads as its first primitive.
    if (spot.subcomponent > 0) return;
    for (const ComponentDef& component : type.components) {
      const hl7::Value part = value.child(component.number);
      if (part.empty() || part.is_null() || component.datatype == nullptr) continue;
      Spot inner = spot;
      if (spot.component == 0) inner.component = component.number;
      else inner.subcomponent = component.number;
      check_value(part, *component.datatype, component.codes, inner, component.name);
    }
  }

  void check_primitive(const hl7::Value& value, Form form, const std::vector<std::string>* codes,
                       const Spot& spot, const std::string& name) {
    if (form == Form::kText && codes == nullptr) return;
    const std::string_view text = value.child(1).child(1).text(scratch_);
    if (text.empty()) return;
    if (!valid_form(form, text)) {
      report(core::ErrorCode::kDataType, spot, name + " has not the form of its data type");
    }
    if (codes != nullptr && !std::binary_search(codes->begin(), codes->end(), text)) {
      report(core::ErrorCode::kTableValue, spot, name + " is not in its table");
    }
  }

  void report(core::ErrorCode code, const Spot& spot, std::string text) {
    if (++found_ > kFieldIssuesMax) return;
    if (code == core::ErrorCode::kRequiredFieldMissing) text += " is missing";
    hl7::Issue issue;
    issue.severity = severity_;
    issue.code = code;
    issue.at.segment = std::string(segment_.name());
    issue.at.occurrence = segment_.occurrence();
    issue.at.field = spot.field;
    issue.at.repetition = spot.repetition;
    issue.at.component = spot.component;
    issue.at.subcomponent = spot.subcomponent;
    issue.text = std::move(text);
    issues_.push_back(std::move(issue));
  }

  const hl7::Message& message_;
  const V2Version& version_;
  hl7::Issues& issues_;
  hl7::Severity severity_;
  hl7::SegmentView segment_;
  std::size_t found_ = 0;
  std::string scratch_;
};

}  // namespace

void validate(const hl7::Message& message, const V2Version& version, bool strict,
              hl7::Issues& issues) {
  FieldChecks(message, version, strict, issues).run();
}

}  // namespace schema
