#pragma once

#include "support/result.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace pushmetrics {

/// Whether a text can be the name of a zone, such as `Europe/Berlin`. Looks at no file.
bool is_zone_name(std::string_view text);

/// Makes a zone the one of this process while it lives. The C library reads the system's tzdata only so
/// (tzset(3)); it has all forms of it, and the rules for years to come, and cron itself goes by it. No other
/// thread may run meanwhile.
class ZoneScope {
 public:
  /// Empty: the zone that the process was given, by TZ or /etc/localtime. An error: it is not known here. The C
  /// library would take UTC then.
  static Result<std::unique_ptr<ZoneScope>> enter(const std::string& zone);
  ~ZoneScope();
  ZoneScope(const ZoneScope&) = delete;
  ZoneScope& operator=(const ZoneScope&) = delete;

  /// How far the clock of the zone entered is ahead of UTC.
  static std::chrono::seconds offset(std::chrono::sys_seconds time);

 private:
  ZoneScope() = default;

  /// TZ before; only if it was changed.
  std::optional<std::string> given_;
  bool is_changed_ = false;
};

}  // namespace pushmetrics
