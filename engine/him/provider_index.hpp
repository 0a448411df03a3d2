#pragma once
#include <fhir/node.hpp>
#include <him/providers.hpp>
#include <store/db.hpp>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace him {

/// The table of joined ids, held in memory: few doctors have two. Thread: the one of its Db.
class ProviderIndex {
 public:
  explicit ProviderIndex(store::Db& db) : db_(db) {}

  core::Status load();
  void forget() { loaded_ = false; }
  /// The id that `id` is kept under; itself when it is joined to none.
  const std::string& of(const std::string& id) const;
  /// The number of "Practitioner/<id>", before joining; empty when it has none.
  const std::string& number_of(std::string_view reference) const;
  /// What an order calls a doctor: an id, a reference or a role, as owners are kept.
  std::string owner_of(std::string_view words) const;
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
  /// Ids of a Practitioner resource that belong together; the first one is to be kept. Numbers of
  /// persons (social security, driver's licence, passport, tax) name no provider.
  static std::vector<std::string> ids_in(const fhir::Node& practitioner);

 private:
  store::Db& db_;
  bool loaded_ = false;
  std::map<std::string, std::string, std::less<>> provider_;   ///< by alias
  std::map<std::string, std::string, std::less<>> numbers_;    ///< by reference
};

}  // namespace him
