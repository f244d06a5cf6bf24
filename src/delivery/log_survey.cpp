#include "delivery/log_survey.hpp"

#include <algorithm>

namespace pushmetrics {
namespace {

/// Numbers that follow each other without a gap are pushes of one moment.
constexpr std::uint64_t moment = 1 << 16;
constexpr std::size_t most_listed = 4096;

}  // namespace

LogSurvey survey_log(const SpoolFolder& folder, std::uint64_t wanted, std::uint64_t group,
                     std::uint64_t oldest) {
  LogSurvey found;
  const auto add_number = [&](std::uint64_t number) {
    if (is_time(number)) found.last = std::max(found.last, number);
    if (number >= wanted && number - wanted < moment) found.taken.push_back(number);
  };
  folder.log().for_each([&](const SpoolRecord& record) {
    add_number(record.number);
    found.bytes += record.bytes;
    if (record.has_failed || record.group == 0) return;
    if (record.number <= oldest && found.expired.size() < LogSurvey::most_expired)
      found.expired.push_back(record.number);
    if (record.group != group) return;
    found.of_group.push_back(record.number);
    if (found.of_group.size() > LogSurvey::most_of_group) found.of_group.pop_front();
  });
  // The log may not name all, if somebody else put them there.
  for (const std::uint64_t number : folder.some_entries(most_listed)) add_number(number);
  std::ranges::sort(found.taken);
  return found;
}

std::uint64_t number_for(std::uint64_t wanted, std::uint64_t now, const LogSurvey& survey) {
  if (survey.last > now) return survey.last + 1;
  while (std::ranges::binary_search(survey.taken, wanted)) ++wanted;
  return wanted;
}

}  // namespace pushmetrics
