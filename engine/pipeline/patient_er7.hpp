#pragma once
#include <fhir/node.hpp>
#include <pipeline/config.hpp>

#include <string>
#include <string_view>

namespace pipeline {

/// Patients and their numbers as HL7 v2.5.1, with the delimiters |^~\&. Thread: any.
class PatientEr7 {
 public:
  explicit PatientEr7(const EngineConfig& config) : config_(config) {}

  static std::string safe(std::string_view text);   ///< escaped
  /// A number as CX, its authority as the senders of this site write it.
  /// Whether it is a number that an authority gave a patient: a social security number is not, and
  /// is told to nobody who does not ask for it.
  static bool is_number(const fhir::Node& identifier);
  std::string cx(const fhir::Node& identifier) const;
  /// Numbers of a resource that are in use, repeated; the social-security number is PID-19's.
  std::string numbers(const fhir::Node& resource) const;
  /// PID with PID-3, 5, 7, 8, 11, 13, ended by CR.
  std::string pid(const fhir::Node& patient) const;
  /// The system under which the base mapping keeps numbers of an authority (HD as written in CX.4).
  /// Empty when the HD is.
  std::string system_of(std::string_view name, std::string_view universal,
                        std::string_view kind) const;

 private:
  const EngineConfig& config_;
};

}  // namespace pipeline
