// The words of a command line. An input's first byte says what the rest is: a duration, a size, metrics, a
// number or a signal; and what a Retry-After holds.
#include "cli/metric_option.hpp"
#include "cli/option_table.hpp"
#include "delivery/retry_policy.hpp"
#include "formats/exposition_parser.hpp"
#include "fuzz.hpp"
#include "http/http_date.hpp"
#include "job/signals.hpp"
#include "metrics/exposition_writer.hpp"
#include "support/text.hpp"

#include <array>
#include <ctime>
#include <limits>

using namespace pushmetrics;

namespace {

using Strings = std::vector<std::string>;

void try_duration(std::string_view text) {
  const auto duration = parse_duration(text);
  if (!duration) return fuzz::require(fuzz::is_one_line(duration.error()), "an error is one line");
  fuzz::require(*duration >= Duration::zero(), "no duration is negative");
  std::string shown = format_duration(*duration);
  std::erase(shown, ' ');
  const auto again = parse_duration(shown);
  fuzz::require(static_cast<bool>(again), "what is shown is a duration");
  std::string shown_again = format_duration(*again);
  std::erase(shown_again, ' ');
  fuzz::require(shown_again == shown, "what is shown is shown again");
  if (text.find_first_of("smhdw", text.size() - 1) == text.npos) return;
  const auto more = parse_duration(concat({text, "0s"}));
  fuzz::require(more && *more == *duration, "no seconds add nothing");
}

void try_size(std::string_view text) {
  const auto bytes = parse_bytes(text);
  if (!bytes) return;
  fuzz::require(*bytes >= 0, "no size is negative");
  fuzz::require(*parse_bytes(std::to_string(*bytes)) == *bytes, "its digits mean the same");
}

void try_retry_after(std::string_view text) {
  const auto wait = parse_retry_after(text);
  fuzz::require(!wait || (*wait >= Duration::zero() && *wait <= std::chrono::hours(24 * 365)),
                "a wait is within bounds");
  const auto date = parse_http_date(text);
  if (!date) return;
  const std::time_t time = std::chrono::system_clock::to_time_t(*date);
  std::tm parts{};
  std::array<char, 64> written{};
  std::strftime(written.data(), written.size(), "%a, %d %b %Y %H:%M:%S GMT", ::gmtime_r(&time, &parts));
  fuzz::require(parse_http_date(written.data()) == date, "a date as it is written today reads the same");
}

void try_metrics(std::string_view text) {
  Strings values;
  for (const std::string_view line : split(text, "\n")) values.emplace_back(line);
  if (values.empty()) return;
  std::vector<Family> families{{"before", MetricType::gauge, "", {}}};
  const Stored result = into_metrics(families)(values);
  if (!result)
    return fuzz::require(families.size() == 1 && families[0].name == "before", "an error stores nothing");
  std::size_t samples = 0;
  for (const Family& family : families) samples += family.samples.size();
  fuzz::require(samples == values.size(), "each is a sample");
  fuzz::require(check_exposition(write_exposition(families), {.strictness = Strictness::strict}).canonical,
                "they can be pushed");
}

void try_numbers(std::string_view text) {
  const auto code = parse_integer(text, 0, 255);
  fuzz::require(!code || (*code >= 0 && *code <= 255), "an exit code is within bounds");
  const auto any =
      parse_integer(text, std::numeric_limits<long long>::min(), std::numeric_limits<long long>::max());
  fuzz::require(!any || *parse_integer(std::to_string(*any), *any, *any) == *any, "its digits mean the same");
  const auto signal = parse_signal(text);
  fuzz::require(!signal || *parse_signal(std::to_string(*signal)) == *signal,
                "a signal is one by its number");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text = fuzz::text(data, size);
  if (text.empty()) return 0;
  const char kind = text.front();
  text.remove_prefix(1);
  switch (kind) {
    case 'd': try_duration(text); break;
    case 's': try_size(text); break;
    case 'r': try_retry_after(text); break;
    case 'm': try_metrics(text); break;
    case 'n': try_numbers(text); break;
    default: break;
  }
  return 0;
}
