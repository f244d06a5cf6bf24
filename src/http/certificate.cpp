#include "http/certificate.hpp"

#include "support/text.hpp"

#include <ctime>

namespace pushmetrics {
namespace {

bool contains(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

/// In OpenSSL's format (`Nov 23 06:23:01 2026 GMT`), or in that of curl's other TLS libraries.
std::optional<std::chrono::system_clock::time_point> parse_time(std::string_view text) {
  const std::string terminated(trim(text));
  for (const char* form : {"%b %d %H:%M:%S %Y GMT", "%Y-%m-%d %H:%M:%S GMT"}) {
    std::tm time{};
    const char* const rest = ::strptime(terminated.c_str(), form, &time);
    if (rest != nullptr && *rest == '\0') return std::chrono::system_clock::from_time_t(::timegm(&time));
  }
  return std::nullopt;
}

/// `DNS:a.example, IP Address:10.0.0.1` → `a.example`, `10.0.0.1`.
std::vector<std::string> alternative_names(std::string_view text) {
  std::vector<std::string> names;
  for (const std::string_view part : split(text, ","))
    if (const std::size_t colon = part.find(':'); colon != part.npos)
      names.push_back(printable(part.substr(colon + 1)));
  return names;
}

/// The CN of `C = DE, CN = a.example`; empty if there is none.
std::string common_name(std::string_view subject) {
  for (const std::string_view part : split(subject, ",")) {
    const std::size_t equals = part.find('=');
    if (equals != part.npos && trim(part.substr(0, equals)) == "CN")
      return printable(part.substr(equals + 1));
  }
  return {};
}

/// The text between the last two quotes.
std::string_view last_quoted(std::string_view text) {
  const std::size_t end = text.rfind('\'');
  if (end == text.npos || end == 0) return {};
  const std::size_t start = text.rfind('\'', end - 1);
  return start == text.npos ? std::string_view() : text.substr(start + 1, end - start - 1);
}

std::string listed(const std::vector<std::string>& names) {
  constexpr std::size_t shown = 5;
  std::string text;
  for (std::size_t i = 0; i < names.size() && i < shown; ++i)
    text.append(i == 0 ? "" : ", ").append(names[i]);
  return names.size() > shown ? text + ", ..." : text;
}

}  // namespace

void Certificate::read_field(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == line.npos) return;
  const std::string_view field = line.substr(0, colon);
  const std::string_view value = line.substr(colon + 1);
  if (field == "Expire date") expires = parse_time(value);
  // The common name is used only if there are no other names (RFC 6125, section 6.4.4).
  if (field == "X509v3 Subject Alternative Name") names = alternative_names(value);
  if (field == "Subject" && names.empty())
    if (std::string name = common_name(value); !name.empty()) names = {std::move(name)};
}

std::string certificate_problem(std::string_view detail, const Certificate& certificate) {
  if (contains(detail, "expired")) return "the server's certificate has expired";
  if (contains(detail, "not yet valid"))
    return "the server's certificate is not valid yet, by this machine's clock";
  if (contains(detail, "self-signed") || contains(detail, "self signed") || contains(detail, "issuer"))
    return concat({"the server's certificate is of an unknown authority (", printable(detail),
                   "): name its authority with --cacert"});
  if (contains(detail, "match") && contains(detail, "name")) {
    std::string words =
        concat({"the server's certificate is not for '", printable(last_quoted(detail)), "'"});
    if (!certificate.names.empty()) words.append(" but for ").append(listed(certificate.names));
    return words;
  }
  return concat({"the server's certificate does not verify: ", printable(detail)});
}

std::optional<std::string> client_certificate_problem(std::string_view detail) {
  if (!contains(detail, "alert")) return std::nullopt;
  if (contains(detail, "certificate required"))
    return "the server wants a client certificate: see --cert and --key";
  if (contains(detail, "certificate") || contains(detail, "unknown ca"))
    return concat({"the server refuses the client certificate: ", printable(detail)});
  return std::nullopt;
}

}  // namespace pushmetrics
