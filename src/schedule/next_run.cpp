#include "schedule/next_run.hpp"

#include "schedule/time_zone.hpp"

#include <algorithm>

namespace pushmetrics {
namespace {

using std::chrono::days;
using std::chrono::minutes;
using std::chrono::sys_seconds;
using Minute = std::chrono::sys_time<minutes>;

/// From what a jump of the clock on cron acts as if it had been set.
constexpr WallMinute largest_change = 180;
/// Up to what a jump is a delay, after which it catches up.
constexpr WallMinute largest_delay = 5;

/// Goes from one stretch of time to the next, in each of which the clock runs evenly, as cron does.
class Walk {
 public:
  Walk(const CronSchedule& schedule, sys_seconds start, const ZoneOffset& zone)
      : schedule_(schedule),
        zone_(zone),
        start_(std::chrono::floor<minutes>(start)),
        now_(start_ - days(1)),
        done_(wall_time(now_) - 1) {}

  std::optional<sys_seconds> first_run(Minute limit) {
    while (now_ < limit) {
      const Minute end = end_of_stretch();
      if (const auto run = first_run_before(end)) return run;
      now_ = end;
    }
    return std::nullopt;
  }

 private:
  WallMinute wall_time(Minute time) const {
    return std::chrono::floor<minutes>(time + zone_(time)).time_since_epoch().count();
  }

  /// A day on, or where the clock is moved.
  Minute end_of_stretch() const {
    const auto offset = zone_(now_);
    Minute same = now_;
    Minute end = now_ + days(1);
    if (zone_(end - minutes(1)) == offset) return end;
    while (end - same > minutes(1)) {
      const Minute middle = same + (end - same) / 2;
      (zone_(middle) == offset ? same : end) = middle;
    }
    return end;
  }

  std::optional<sys_seconds> first_run_before(Minute end) {
    const WallMinute first = wall_time(now_);
    const WallMinute last = first + (end - now_).count();
    const WallMinute jump = first - done_;
    const bool is_fixed = schedule_.is_fixed_time();
    const bool catches_up = jump > 1 && (jump <= largest_delay || (is_fixed && jump <= largest_change));
    const bool repeats = jump <= 0 && jump > -largest_change;
    const WallMinute done = done_;
    done_ = repeats ? std::max(done, last - 1) : last - 1;
    if (catches_up && now_ > start_ && schedule_.first_match(done + 1, first)) return now_;

    WallMinute from = std::max(first, first + (start_ - now_).count() + 1);
    if (repeats && is_fixed) from = std::max(from, done + 1);
    const auto match = schedule_.first_match(from, last);
    if (!match) return std::nullopt;
    return now_ + minutes(*match - first);
  }

  const CronSchedule& schedule_;
  const ZoneOffset& zone_;
  Minute start_;
  Minute now_;
  /// The last minute of the wall clock that cron is done with.
  WallMinute done_;
};

}  // namespace

std::optional<sys_seconds> first_run_after(const CronSchedule& schedule, sys_seconds start,
                                           const ZoneOffset& zone) {
  // 29 February on one day of the week comes every 28 years, and every 40 where a leap year is left out.
  constexpr days horizon(41 * 366);
  return Walk(schedule, start, zone).first_run(std::chrono::floor<minutes>(start) + horizon);
}

Result<std::optional<sys_seconds>> next_run(const CronSchedule& schedule, const std::string& zone,
                                            sys_seconds start) {
  const auto scope = ZoneScope::enter(zone);
  if (!scope) return scope.failure();
  return first_run_after(schedule, start, ZoneScope::offset);
}

}  // namespace pushmetrics
