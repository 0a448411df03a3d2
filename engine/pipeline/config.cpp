#include <pipeline/config.hpp>
#include <pipeline/v2_address.hpp>

#include "config_reader.hpp"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <set>

namespace pipeline {
namespace {

using core::yaml::Node;

/// The state of one load: where problems go and what has been read so far.
struct Loader {
  const core::yaml::File& file;
  std::vector<ConfigProblem>& problems;
  EngineConfig config;
  // Places of names that must exist, checked when everything is read.
  struct Mention {
    std::string name;
    core::yaml::Place place;
    bool is_feed;
  };
  std::vector<Mention> mentions;

  void problem(const core::yaml::Place& place, std::string text, std::string hint = {}) {
    problems.push_back({file.at(place), std::move(text), std::move(hint)});
  }
};

bool is_loopback_address(const std::string& address) {
  return address == "localhost" || address == "::1" || address == "[::1]" ||
         address.rfind("127.", 0) == 0;
}

void read_mllp(Loader& load, const Node& node, ListenerConfig& into) {
  MapReader mllp(load.file, node, "mllp", load.problems);
  mllp.text("bind", into.bind);
  std::size_t port = std::numeric_limits<std::uint16_t>::max() + 1u;
  mllp.count("port", 0, 65535, port);
  if (mllp.ok() && node.find("port") == nullptr) {
    load.problem(node.place, "mllp needs \"port\"", "2575 is the registered one, 0 takes any free");
  }
  into.port = static_cast<std::uint16_t>(port);
  mllp.choice("release", {"1", "2"},
              [&](std::size_t i) { into.release = static_cast<int>(i) + 1; });
  mllp.boolean("plaintext", into.plaintext);
  mllp.texts("peers", into.peers);
  std::uint64_t frame_bytes = into.frame_bytes_max;
  mllp.bytes("frame_bytes_max", frame_bytes);
  into.frame_bytes_max = frame_bytes;
  mllp.count("connections_max", 1, 100'000, into.connections_max);
  mllp.duration("idle_timeout", into.idle_timeout);
  mllp.duration("frame_timeout", into.frame_timeout);
  mllp.duration("write_timeout", into.write_timeout);
  mllp.finish();
  if (!is_loopback_address(into.bind) && (!into.plaintext || into.peers.empty())) {
    load.problem(node.place, "mllp off loopback needs \"plaintext: true\" and a \"peers:\" list",
                 "bind to 127.0.0.1, or name the addresses that may connect");
  }
}

void read_http(Loader& load, const Node& node, ListenerConfig& into) {
  MapReader http(load.file, node, "http", load.problems);
  http.text("bind", into.bind);
  std::size_t port = 0;
  http.count("port", 0, 65535, port);
  if (http.ok() && node.find("port") == nullptr) {
    load.problem(node.place, "http needs \"port\"", "8080, or 0 for any free one");
  }
  into.port = static_cast<std::uint16_t>(port);
  http.count("connections_max", 1, 100'000, into.connections_max);
  http.finish();
  if (!is_loopback_address(into.bind)) {
    load.problem(node.place, "http binds to loopback only: it has no TLS and no accounts yet",
                 "bind to 127.0.0.1");
  }
}

void read_listener(Loader& load, const Node& node) {
  ListenerConfig listener;
  MapReader reader(load.file, node, "listener", load.problems);
  reader.text("name", listener.name, true);
  const Node* mllp = reader.get("mllp");
  const Node* http = reader.get("http");
  std::string feed;
  reader.text("feed", feed, mllp != nullptr);
  reader.finish();
  if ((mllp != nullptr) == (http != nullptr)) {
    load.problem(node.place, "listener needs either \"mllp\" or \"http\"");
    return;
  }
  if (mllp != nullptr) {
    read_mllp(load, *mllp, listener);
    listener.feed = core::FeedName{feed};
    const Node* at = node.find("feed");
    if (at != nullptr) load.mentions.push_back({feed, at->place, true});
  } else {
    listener.kind = ListenerConfig::Kind::kHttp;
    read_http(load, *http, listener);
  }
  load.config.listeners.push_back(std::move(listener));
}

void read_charset(Loader& load, const Node& node, FeedConfig& feed) {
  using Mode = hl7::CharsetPolicy::Mode;
  MapReader reader(load.file, node, "charset", load.problems);
  reader.choice("policy", {"trust", "force", "sniff"}, [&](std::size_t i) {
    feed.charset.mode = i == 0 ? Mode::kTrust : i == 1 ? Mode::kForce : Mode::kSniff;
  });
  reader.text("name", feed.charset.charset, feed.charset.mode == Mode::kForce);
  reader.finish();
  if (!feed.charset.charset.empty() && !hl7::is_known_charset(feed.charset.charset)) {
    load.problem(node.place, "unknown character set \"" + feed.charset.charset + "\"",
                 "a name of HL7 table 0211 such as \"8859/1\" or \"UNICODE UTF-8\"");
  }
}

/// What deficiency rules may make of a feed.
void read_deficiency_terms(Loader& load, const Node& node, MapReader& reader, FeedConfig& feed) {
  reader.boolean("historical", feed.historical);
  std::string live_from;
  reader.text("live_from", live_from);
  if (!live_from.empty()) {
    const auto day = core::from_iso(live_from);
    if (day) {
      feed.live_from = *day;
    } else {
      load.problem(node.find("live_from")->place, "live_from is a day or a time: 2026-03-01");
    }
  }
  std::chrono::milliseconds silent_after{-1};
  reader.duration("silent_after", silent_after);
  if (silent_after.count() >= 0) feed.silent_after = silent_after;
}

void read_feed(Loader& load, const Node& node) {
  FeedConfig feed;
  MapReader reader(load.file, node, "feed", load.problems);
  std::string name, zone;
  reader.text("name", name, true);
  feed.name = core::FeedName{name};
  reader.text("mapping", feed.mapping);
  reader.text("timezone", zone);
  if (!zone.empty()) {
    auto found = core::TimeZone::find(zone);
    if (found) {
      feed.zone = *found;
    } else {
      load.problem(node.find("timezone")->place, found.error().detail);
    }
  }
  if (const Node* charset = reader.get("charset")) read_charset(load, *charset, feed);
  reader.choice("ack", {"stored", "applied"}, [&](std::size_t i) {
    feed.ack = i == 0 ? FeedConfig::Ack::kStored : FeedConfig::Ack::kApplied;
  });
  reader.duration("ack_timeout", feed.ack_timeout);
  reader.texts("processing_ids", feed.processing_ids);
  reader.texts("accept", feed.accept);
  reader.boolean("strict", feed.strict);
  read_deficiency_terms(load, node, reader, feed);
  reader.boolean("ack_warnings", feed.ack_warnings);
  reader.choice("mpi", {"off", "review", "link"},
                [&](std::size_t i) { feed.mpi = static_cast<FeedConfig::Mpi>(i); });
  if (const Node* values = reader.get("values")) {
    for (const auto& [key, value] : values->entries) {
      if (value.is_scalar()) {
        feed.values[key] = value.scalar;
      } else {
        load.problem(value.place, "values must be texts");
      }
    }
  }
  reader.finish();
  load.config.feeds.push_back(std::move(feed));
}

void read_route(Loader& load, const Node& node) {
  RouteConfig route;
  MapReader reader(load.file, node, "route", load.problems);
  std::string from, to;
  reader.text("from", from, true);
  reader.text("to", to, true);
  reader.texts("processing_ids", route.processing_ids);
  reader.finish();
  route.from = core::FeedName{from};
  route.to = core::DestinationName{to};
  if (const Node* at = node.find("from")) load.mentions.push_back({from, at->place, true});
  if (const Node* at = node.find("to")) load.mentions.push_back({to, at->place, false});
  load.config.routes.push_back(std::move(route));
}

void read_fhir(Loader& load, const Node& node, DestinationConfig& into) {
  MapReader fhir(load.file, node, "fhir", load.problems);
  fhir.text("url", into.url, true);
  fhir.count("connections", 1, 256, into.connections);
  fhir.duration("timeout", into.timeout);
  fhir.finish();
  if (!into.url.empty() && into.url.rfind("http://", 0) != 0) {
    load.problem(node.place, "url must start with http://",
                 "TLS to destinations comes with a later version; use a local TLS proxy");
  }
}

/// An HL7 v2 receiver becomes an address with its scheme, which decides what is sent there.
void read_mllp(Loader& load, const Node& node, DestinationConfig& into) {
  MapReader mllp(load.file, node, "mllp", load.problems);
  V2Address address;
  address.host = "127.0.0.1";
  std::size_t port = 0;
  bool plaintext = false;
  mllp.text("host", address.host);
  mllp.count("port", 1, 65'535, port);
  mllp.text("transform", address.transform);
  if (const Node* at = node.find("transform")) into.transform_at = load.file.at(at->place);
  mllp.boolean("plaintext", plaintext);
  mllp.duration("timeout", into.timeout);
  mllp.finish();
  into.connections = 1;   // messages of one receiver stay in order
  address.port = static_cast<std::uint16_t>(port);
  if (port == 0) load.problem(node.place, "mllp needs its `port`");
  if (!address.loopback() && !plaintext) {
    load.problem(node.place, "MLLP off loopback needs `plaintext: true`",
                 "or a local TLS proxy");
  }
  into.url = address.text();
}

void read_destination(Loader& load, const Node& node) {
  DestinationConfig destination;
  MapReader reader(load.file, node, "destination", load.problems);
  std::string name;
  reader.text("name", name, true);
  destination.name = core::DestinationName{name};
  const Node* fhir = reader.get("fhir");
  const Node* mllp = reader.get("mllp");
  reader.choice("on_refusal", {"park", "hold"}, [&](std::size_t i) {
    destination.on_refusal =
        i == 0 ? DestinationConfig::OnRefusal::kPark : DestinationConfig::OnRefusal::kHold;
  });
  if (const Node* retry = reader.get("retry")) {
    MapReader retry_reader(load.file, *retry, "retry", load.problems);
    retry_reader.duration("delay", destination.retry_delay);
    retry_reader.duration("delay_max", destination.retry_delay_max);
    retry_reader.finish();
  }
  std::chrono::milliseconds max_age{0};
  reader.duration("max_age", max_age);
  if (max_age.count() > 0) {
    destination.max_age = std::chrono::duration_cast<std::chrono::seconds>(max_age);
  }
  reader.finish();
  if (fhir != nullptr && mllp != nullptr) {
    load.problem(node.place, "a destination is either \"fhir\" or \"mllp\"");
  } else if (fhir != nullptr) {
    read_fhir(load, *fhir, destination);
  } else if (mllp != nullptr) {
    read_mllp(load, *mllp, destination);
  } else if (node.is_mapping()) {
    load.problem(node.place, "destination needs \"fhir\" or \"mllp\"");
  }
  load.config.destinations.push_back(std::move(destination));
}

void read_authorities(Loader& load, const Node& node) {
  if (!node.is_mapping()) {
    load.problem(node.place, "authorities must map a name space id, OID or name to one URI");
    return;
  }
  for (const auto& [key, value] : node.entries) {
    if (value.is_scalar() && value.scalar.find(':') != std::string::npos) {
      load.config.authorities[key] = value.scalar;
    } else {
      load.problem(value.place, "authority \"" + key + "\" must be a URI",
                   "urn:oid:2.16.840... or https://...");
    }
  }
}

template <class Items, class Name>
void check_unique(Loader& load, const Items& items, std::string_view what, const Name& name_of) {
  std::set<std::string> seen;
  for (const auto& item : items) {
    if (!seen.insert(name_of(item)).second) {
      load.problem({1, 1}, "two " + std::string(what) + " are named \"" + name_of(item) + "\"");
    }
  }
}

void check_mentions(Loader& load) {
  std::vector<std::string_view> feeds, destinations;
  for (const auto& feed : load.config.feeds) feeds.push_back(feed.name.value());
  for (const auto& item : load.config.destinations) destinations.push_back(item.name.value());
  for (const auto& mention : load.mentions) {
    const auto& names = mention.is_feed ? feeds : destinations;
    if (mention.name.empty() ||
        std::find(names.begin(), names.end(), mention.name) != names.end()) {
      continue;
    }
    const std::string_view near = core::nearest(mention.name, names);
    load.problem(mention.place,
                 std::string("no ") + (mention.is_feed ? "feed" : "destination") + " is named \"" +
                     mention.name + "\"",
                 near.empty() ? "" : "did you mean \"" + std::string(near) + "\"?");
  }
}

void read_store(Loader& load, const Node& node) {
  MapReader store(load.file, node, "store", load.problems);
  store.text("path", load.config.store_path);
  store.bytes("disk_free_min", load.config.disk_free_min_bytes);
  store.finish();
}

std::string resolve(const std::string& directory, const std::string& path) {
  if (path.empty()) return path;
  return (std::filesystem::path(directory) / path).lexically_normal().string();
}

void read_all(Loader& load, const Node& root) {
  MapReader top(load.file, root, "the configuration", load.problems);
  top.each("listeners", [&](const Node& node) { read_listener(load, node); });
  top.each("feeds", [&](const Node& node) { read_feed(load, node); });
  top.each("routes", [&](const Node& node) { read_route(load, node); });
  top.each("destinations", [&](const Node& node) { read_destination(load, node); });
  if (const Node* store = top.get("store")) read_store(load, *store);
  if (const Node* duplicates = top.get("duplicates")) {
    MapReader reader(load.file, *duplicates, "duplicates", load.problems);
    std::chrono::milliseconds window = load.config.duplicates_window;
    reader.duration("window", window);
    reader.finish();
    load.config.duplicates_window = std::chrono::duration_cast<std::chrono::hours>(window);
  }
  top.text("mappings", load.config.mappings);
  top.text("namespace", load.config.name_space);
  if (const Node* authorities = top.get("authorities")) read_authorities(load, *authorities);
  top.finish();
}

}  // namespace

std::string ConfigProblem::render() const {
  return where + ": error: " + text + (hint.empty() ? "" : "; " + hint);
}

const FeedConfig* EngineConfig::feed(const core::FeedName& name) const {
  for (const FeedConfig& item : feeds) {
    if (item.name == name) return &item;
  }
  return nullptr;
}

core::Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  static constexpr std::pair<std::string_view, std::int64_t> kUnits[] = {
      {"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = core::to_int(text.substr(0, digits));
  for (const auto& [unit, factor] : kUnits) {
    if (!number || text.substr(digits) != unit) continue;
    if (*number > 100LL * 365 * 86'400'000 / factor) break;  // a hundred years is a slip of the pen
    return std::chrono::milliseconds(*number * factor);
  }
  return core::fail(core::ErrorCode::kBadConfig, "not a duration");
}

core::Result<std::uint64_t> parse_bytes(std::string_view text) {
  static constexpr std::pair<std::string_view, int> kUnits[] = {
      {"", 0}, {"KiB", 10}, {"MiB", 20}, {"GiB", 30}, {"TiB", 40}};
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = core::to_int(text.substr(0, digits));
  for (const auto& [unit, shift] : kUnits) {
    if (!number || text.substr(digits) != unit) continue;
    if (*number > (std::numeric_limits<std::int64_t>::max() >> shift)) break;
    return static_cast<std::uint64_t>(*number) << shift;
  }
  return core::fail(core::ErrorCode::kBadConfig, "not a size");
}

std::optional<EngineConfig> parse_config(const core::yaml::File& file, const std::string& directory,
                                         std::vector<ConfigProblem>& problems) {
  const std::size_t before = problems.size();
  Loader load{file, problems, {}, {}};
  if (file.documents.size() != 1) {
    problems.push_back({file.name, "a configuration is exactly one YAML document", ""});
    return std::nullopt;
  }
  read_all(load, file.documents.front());
  check_mentions(load);
  check_unique(load, load.config.listeners, "listeners", [](const auto& l) { return l.name; });
  check_unique(load, load.config.feeds, "feeds", [](const auto& f) { return f.name.value(); });
  check_unique(load, load.config.destinations, "destinations",
               [](const auto& d) { return d.name.value(); });
  load.config.store_path = resolve(directory, load.config.store_path);
  load.config.mappings = resolve(directory, load.config.mappings);
  if (problems.size() != before) return std::nullopt;
  return std::move(load.config);
}

std::optional<EngineConfig> load_config(const std::string& path,
                                        std::vector<ConfigProblem>& problems) {
  auto file = core::yaml::load(path);
  if (!file) {
    const core::Error& error = file.error();
    problems.push_back({error.where.empty() ? path : error.where, error.detail, ""});
    return std::nullopt;
  }
  std::error_code ignored;
  const auto absolute = std::filesystem::absolute(path, ignored).lexically_normal();
  auto config = parse_config(*file, absolute.parent_path().string(), problems);
  if (config) config->file = absolute.string();
  return config;
}

}  // namespace pipeline
