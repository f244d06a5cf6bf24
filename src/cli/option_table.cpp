#include "cli/option_table.hpp"

#include "support/text.hpp"

#include <array>
#include <charconv>
#include <limits>
#include <utility>

namespace pushmetrics {
namespace {

template <typename Place>
Store into_duration(Place& place) {
  return [&place](const std::vector<std::string>& values) -> Stored {
    const auto duration = parse_duration(values.back());
    if (!duration) return duration.failure();
    place = *duration;
    return {};
  };
}

template <typename Place>
Store into_text(Place& place) {
  return [&place](const std::vector<std::string>& values) -> Stored {
    place = values.back();
    return {};
  };
}

}  // namespace

std::vector<std::string> OptionSpec::environment_names() const {
  if (scope == Scope::command_line_only || !environment.empty()) return environment;
  std::string variable = "PUSHMETRICS_";
  for (const char c : name) variable += c == '-' ? '_' : static_cast<char>(c - 'a' + 'A');
  return {variable};
}

Store into(std::string& place) { return into_text(place); }
Store into(std::optional<std::string>& place) { return into_text(place); }
Store into(Duration& place) { return into_duration(place); }
Store into(std::optional<Duration>& place) { return into_duration(place); }

Store into(std::vector<std::string>& place) {
  return [&place](const std::vector<std::string>& values) -> Stored {
    place = values;
    return {};
  };
}

Store into(std::vector<Label>& place) {
  return [&place](const std::vector<std::string>& values) -> Stored {
    std::vector<Label> labels;
    for (const std::string& value : values) {
      const std::size_t equals = value.find('=');
      if (equals == std::string::npos)
        return Failure{concat({"invalid label ", in_quotes(value), ": write NAME=VALUE"})};
      labels.push_back({value.substr(0, equals), value.substr(equals + 1)});
      if (!is_valid_label_name(labels.back().name))
        return Failure{concat({"invalid label name ", in_quotes(labels.back().name),
                               ": write letters, digits and _, not beginning with a digit or __"})};
    }
    place = std::move(labels);
    return {};
  };
}

Store set(bool& place) {
  return [&place](const std::vector<std::string>&) -> Stored {
    place = true;
    return {};
  };
}

Result<long long> parse_integer(std::string_view text, long long least, long long most) {
  long long number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc{} && end == text.data() + text.size() && number >= least && number <= most)
    return number;
  return Failure{concat({"invalid number ", in_quotes(text), ": write a whole number from ",
                         std::to_string(least), " to ", std::to_string(most)})};
}

Result<long long> parse_bytes(std::string_view text) {
  struct Unit {
    std::string_view letter;
    int shift;
  };
  constexpr std::array<Unit, 4> units{{{"K", 10}, {"M", 20}, {"G", 30}, {"", 0}}};
  std::string_view digits = text;
  for (const std::string_view suffix : {"iB", "B"})
    if (digits.ends_with(suffix)) digits.remove_suffix(suffix.size());
  for (const Unit& unit : units) {
    if (!digits.ends_with(unit.letter)) continue;
    digits.remove_suffix(unit.letter.size());
    const auto number = parse_integer(digits, 0, std::numeric_limits<long long>::max() >> unit.shift);
    if (number) return *number << unit.shift;
    break;
  }
  return Failure{concat({"invalid size ", in_quotes(text), ": write it as 4096, 512K, 64MiB or 1G"})};
}

}  // namespace pushmetrics
