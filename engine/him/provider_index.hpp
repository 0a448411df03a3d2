#pragma once
#include <fhir/node.hpp>
#include <him/providers.hpp>
#include <store/db.hpp>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace him {

/// Who goes by which number, and which ids are one doctor's, held in memory. Thread: its Db's.
///
/// Two authorities (XCN.9) may give one number to two people. The first to be heard of is kept
/// under the number alone, others under "number@authority". A number without an authority, or under
/// another one with the same name (family, first initial), is taken for the same doctor: systems of
/// one hospital name themselves as the authority of the staff's common numbers.
class ProviderIndex {
 public:
  explicit ProviderIndex(store::Db& db) : db_(db) {}

  core::Status load();
  void forget() { loaded_ = false; }
  /// The id that `id` is kept under; itself when it is joined to none.
  const std::string& of(const std::string& id) const;
  /// The number of "Practitioner/<id>", before joining; empty when it has none.
  const std::string& number_of(std::string_view reference) const;
  /// What an order calls a doctor: an id, a number, "number@authority", a reference or a role, as
  /// owners are kept. kBadRequest, naming them, where a number is several doctors'.
  core::Result<std::string> find(std::string_view words) const;
  /// The same, where nobody can be asked: of several, the one kept under the number alone.
  std::string owner_of(std::string_view words) const;
  /// Whether a Practitioner goes by it: a number (also "number@authority"), an id, a reference.
  bool knows(std::string_view words) const;
  /// The number most like it, or one of who is called so, as "1001 (Adams, Ruth)"; empty: none is.
  std::string like(std::string_view words) const;
  /// The id that a number of an authority ('' = none named) is kept under; noted when it is new.
  core::Result<std::string> note_identifier(std::string_view number, std::string_view system,
                                            std::string_view name);
  /// As the last resource under that id had it; empty when none had a name.
  std::string name_of(std::string_view id) const;
  core::Status note_number(std::string_view reference, std::string_view id);
  /// The other ids of a provider, by the one kept.
  std::vector<std::string> aliases_of(std::string_view id) const;
  bool empty() const { return provider_.empty(); }

  /// `other`, and what is kept under it, is kept under `id` from now on. @return the id that was
  /// kept until now where that changed, else empty.
  core::Result<std::string> join(std::string_view id, std::string_view other, std::string_view name,
                                 std::string_view how, core::Instant when);
  /// `other` is somebody of its own again. @return whether it was joined.
  core::Result<bool> part(std::string_view other);
  /// Ids of a Practitioner resource that belong together, noted; the first one is to be kept.
  /// Numbers of persons (social security, driver's licence, passport, tax) name no provider.
  core::Result<std::vector<std::string>> ids_in(const fhir::Node& practitioner,
                                                std::string_view name);

 private:
  struct Number {
    std::string system, id, name;
  };
  std::string new_id(std::string_view number, std::string_view system, std::string_view name,
                     const std::vector<Number>& known) const;

  store::Db& db_;
  bool loaded_ = false;
  std::map<std::string, std::string, std::less<>> provider_;   ///< by alias
  std::map<std::string, std::string, std::less<>> numbers_;    ///< by reference
  std::map<std::string, std::vector<Number>, std::less<>> physicians_;   ///< by number
};

}  // namespace him
