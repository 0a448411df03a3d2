#pragma once
#include <him/deficiency.hpp>
#include <schema/r4.hpp>
#include <store/records.hpp>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "build_chart.hpp"

namespace test {

const schema::R4& r4();
/// The rules that ship, loaded once.
std::shared_ptr<const him::RulePack> shipped_rules();
/// Seven of them (R01 R06 R09 R21 R26 R31 R32), without a policy, for tests that count.
std::shared_ptr<const him::RulePack> core_rules();
/// Rules from a text, as one file; fails the test when they are refused.
std::shared_ptr<const him::RulePack> rules_from(const std::string& yaml);
core::Instant at(const std::string& iso);

/// Records and charts in a folder of their own, filled the way the applier fills them: resources in,
/// one transaction a message.
class Ward {
 public:
  explicit Ward(std::shared_ptr<const him::RulePack> rules = shipped_rules(), him::Site site = {});
  /// A decision of the department, as JSON; checked first, as the API does.
  std::vector<him::Change> command(const std::string& now, const std::string& json);
  /// Sweeps at every deadline up to `to`, as a running engine does.
  void run_until(const std::string& to);
  /// The engine dies and comes back: charts are made anew over the same records.
  void restart();
  const him::Site& site() const { return site_; }
  ~Ward();
  Ward(const Ward&) = delete;
  Ward& operator=(const Ward&) = delete;

  using Resources = std::vector<std::pair<std::string, Fields>>;   ///< kind and fields
  /// One message. Fields given for a resource before stay unless given again; "" takes one away.
  /// `type`: "ADT^A02" where a rule asks for it.
  std::vector<him::Change> message(const std::string& now, const Resources& resources,
                                   const std::string& type = {}, bool historical = false);
  /// The same message once more, with its old time, label and sequence.
  std::vector<him::Change> repeat_last();
  std::vector<him::Change> sweep(const std::string& now);
  std::vector<him::Change> merge(const std::string& from, const std::string& into,
                                 const std::string& now);
  std::vector<him::Change> remove(const std::string& type, const std::string& id,
                                  const std::string& now);

  std::vector<him::Deficiency> list(const std::string& now, const him::ListFilter& filter = {});
  /// The only deficiency of a rule on a visit; its rule is empty when there is none.
  him::Deficiency one(const std::string& rule, const std::string& now,
                      const std::string& visit = "V1", const std::string& part = {});
  /// State in words, "none" when there is no such deficiency.
  std::string state(const std::string& rule, const std::string& now,
                    const std::string& visit = "V1");
  bool open(const std::string& rule, const std::string& now, const std::string& visit = "V1");

  store::Records& records() { return *records_; }
  him::Charts& charts() { return *charts_; }
  const him::RulePack& rules() const { return *rules_; }
  const std::string& folder() const { return folder_; }

 private:
  std::vector<him::Change> apply(const him::Cause& cause, const Resources& whole);

  std::string folder_;
  him::Site site_;
  std::string last_type_;
  std::shared_ptr<const him::RulePack> rules_;
  std::unique_ptr<store::Records> records_;
  std::unique_ptr<him::Charts> charts_;
  std::map<std::pair<std::string, std::string>, Fields> known_;   ///< by kind and id
  std::uint64_t sequence_ = 0;
  him::Cause last_cause_;
  Resources last_;
};

}  // namespace test
