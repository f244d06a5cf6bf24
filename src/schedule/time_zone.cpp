#include "schedule/time_zone.hpp"

#include "support/text.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>

namespace pushmetrics {
namespace {

constexpr const char* variable = "TZ";

std::string tzdata_directory() {
  const char* const given = std::getenv("TZDIR");
  return given != nullptr && *given != '\0' ? given : "/usr/share/zoneinfo";
}

std::string zone_path(std::string_view zone) {
  return zone.starts_with('/') ? std::string(zone) : concat({tzdata_directory(), "/", zone});
}

bool is_readable(const std::string& path) { return ::access(path.c_str(), R_OK) == 0; }

/// `UTC`, which needs no file, and `CET-1CEST,M3.5.0,M10.5.0` as in POSIX.
bool is_spelled_out(std::string_view zone) {
  return zone == "UTC" || zone.find_first_of("0123456789") != std::string_view::npos;
}

Failure unknown_zone(std::string_view zone) {
  if (!is_readable(tzdata_directory()))
    return {
        concat({"time zone ", in_quotes(zone), " is unknown: there is no tzdata in ", tzdata_directory()}),
        "install tzdata (in a container: mount /usr/share/zoneinfo)", "no-tzdata"};
  return {concat({"time zone ", in_quotes(zone), " is unknown: ", zone_path(zone), " cannot be read"}),
          "write it as in /usr/share/zoneinfo, such as Europe/Berlin", "unknown-zone"};
}

}  // namespace

bool is_zone_name(std::string_view text) {
  constexpr std::size_t longest = 100;
  const auto is_part = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '+' || c == '/';
  };
  return !text.empty() && text.size() <= longest && text.front() != '/' && std::ranges::all_of(text, is_part);
}

Result<std::unique_ptr<ZoneScope>> ZoneScope::enter(const std::string& zone) {
  std::unique_ptr<ZoneScope> scope(new ZoneScope);
  const char* const given = std::getenv(variable);
  if (zone.empty()) {
    std::string_view inherited = given == nullptr ? "" : given;
    if (inherited.starts_with(':')) inherited.remove_prefix(1);
    if (!inherited.empty() && !is_spelled_out(inherited) && !is_readable(zone_path(inherited)))
      return unknown_zone(inherited);
    ::tzset();
    return scope;
  }
  if (zone != "UTC" && !is_readable(zone_path(zone))) return unknown_zone(zone);
  if (given != nullptr) scope->given_ = given;
  scope->is_changed_ = true;
  ::setenv(variable, zone == "UTC" ? "UTC0" : concat({":", zone}).c_str(), 1);
  ::tzset();
  return scope;
}

ZoneScope::~ZoneScope() {
  if (!is_changed_) return;
  if (given_)
    ::setenv(variable, given_->c_str(), 1);
  else
    ::unsetenv(variable);
  ::tzset();
}

std::chrono::seconds ZoneScope::offset(std::chrono::sys_seconds time) {
  const std::time_t seconds = time.time_since_epoch().count();
  std::tm broken_down{};
  if (::localtime_r(&seconds, &broken_down) == nullptr) return {};
  return std::chrono::seconds(broken_down.tm_gmtoff);
}

}  // namespace pushmetrics
