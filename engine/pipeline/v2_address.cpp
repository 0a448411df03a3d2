#include <core/text.hpp>
#include <pipeline/v2_address.hpp>

namespace pipeline {

namespace {
constexpr std::string_view kScheme = "mllp://";
}

std::optional<V2Address> V2Address::parse(std::string_view url) {
  if (!url.starts_with(kScheme)) return std::nullopt;
  url.remove_prefix(kScheme.size());
  V2Address out;
  const std::size_t slash = url.find('/');
  if (slash != url.npos) {
    out.transform = url.substr(slash + 1);
    url = url.substr(0, slash);
  }
  const std::size_t colon = url.rfind(':');
  if (colon == url.npos) return std::nullopt;
  const auto port = core::to_int(url.substr(colon + 1));
  std::string_view host = url.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (!port || *port < 1 || *port > 65'535 || host.empty()) return std::nullopt;
  out.host = host;
  out.port = static_cast<std::uint16_t>(*port);
  return out;
}

std::string V2Address::text() const {
  const bool bracketed = host.find(':') != host.npos;
  return std::string(kScheme) + (bracketed ? "[" + host + "]" : host) + ":" +
         std::to_string(port) + (transform.empty() ? "" : "/" + transform);
}

bool V2Address::loopback() const {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

}  // namespace pipeline
