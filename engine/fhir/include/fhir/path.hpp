#pragma once
#include <core/result.hpp>
#include <fhir/node.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fhir {

/// A compiled FHIRPath expression (http://hl7.org/fhirpath, N1), the subset that R4 search
/// parameters, mapping tests and assertions use: member steps (with choice types: `value` finds
/// valueQuantity), `$this`, indexers, `|`, `and or xor implies not`, = != ~ < > <= >=, + & -,
/// `in`/`contains`, is/as/ofType, where() exists() empty() all() any first() last() tail() skip()
/// take() count() distinct() select() repeat() resolve() (by type of the reference text)
/// extension()
/// matches() startsWith() endsWith() contains() substring() indexOf() length() upper() lower()
/// replace() toString() toInteger() hasValue() iif() union() not() children() descendants(),
/// literals. Immutable after compile. Thread: any.
class Path {
 public:
  /// kUsage with the column for what is unknown or malformed.
  static core::Result<Path> compile(std::string_view expression);
  Path(Path&&) noexcept;
  Path& operator=(Path&&) noexcept;
  ~Path();

  /// Matches in document order. Values made by the expression (booleans, strings) live in
  /// `scratch`.
  std::vector<const Node*> evaluate(const Node* resource, Document& scratch) const;
  /// The same into `nodes`, whose room is used again; what it held is dropped.
  void evaluate(const Node* resource, Document& scratch, std::vector<const Node*>& nodes) const;
  /// One boolean: empty is false; a single non-boolean is true (singleton rule).
  bool test(const Node* resource, Document& scratch) const;

 private:
  Path();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fhir
