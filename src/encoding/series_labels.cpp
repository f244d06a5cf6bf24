#include "encoding/series_labels.hpp"

#include "formats/exposition_number.hpp"
#include "formats/exposition_parser.hpp"
#include "metrics/exposition_writer.hpp"
#include "support/text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <map>

namespace pushmetrics {

std::vector<Label> series_labels(const Sample& sample) {
  std::vector<Label> labels;
  labels.reserve(sample.labels.size() + 1);
  std::ranges::copy_if(sample.labels, std::back_inserter(labels),
                       [](const Label& label) { return !label.value.empty(); });
  labels.push_back({"__name__", sample.name});
  std::ranges::sort(labels);
  return labels;
}

std::string scraped_bound(std::string_view number) {
  const double value = sample_value(number);
  if (!std::isfinite(value)) return format_value(value);
  // Go's format 'g': with an exponent only below 1e-4 and from 1e6 on.
  char digits[400];
  const auto end = std::to_chars(digits, std::end(digits), value, std::chars_format::scientific).ptr;
  const std::string_view scientific(digits, static_cast<std::size_t>(end - digits));
  const std::string_view exponent = scientific.substr(scientific.find('e') + 1);
  int power = 0;
  std::from_chars(exponent.data() + (exponent[0] == '+' ? 1 : 0), exponent.data() + exponent.size(), power);
  constexpr int least = -4, beyond = 6;
  if (power < least || power >= beyond) return std::string(scientific);
  std::string fixed(digits, std::to_chars(digits, std::end(digits), value, std::chars_format::fixed).ptr);
  if (fixed.find('.') == fixed.npos) fixed += ".0";
  return fixed;
}

bool is_bound(MetricType type, std::string_view label) {
  const bool is_histogram = type == MetricType::histogram || type == MetricType::gauge_histogram;
  return is_histogram ? label == "le" : type == MetricType::summary && label == "quantile";
}

std::vector<Label> scraped_series(MetricType type, const Sample& sample) {
  std::vector<Label> labels = series_labels(sample);
  use_scraped_bounds(type, labels);
  return labels;
}

void use_scraped_bounds(MetricType type, std::vector<Label>& labels) {
  const auto bound =
      std::ranges::find_if(labels, [type](const Label& label) { return is_bound(type, label.name); });
  if (bound != labels.end() && is_exposition_number(bound->value)) bound->value = scraped_bound(bound->value);
}

std::string series_words(const Sample& sample) {
  std::string words;
  append_sample(words, sample);
  words.resize(words.rfind(' '));  // before its value
  return printable(words);
}

std::string same_series_words(const Sample& first, const Sample& second) {
  const auto has_empty_label = [](const Sample& sample) {
    return std::ranges::any_of(sample.labels, [](const Label& label) { return label.value.empty(); });
  };
  const bool by_empty_label = has_empty_label(first) || has_empty_label(second);
  return concat({series_words(first), " and ", series_words(second), " are one series to Prometheus",
                 by_empty_label ? ", for which an empty label is none" : "", ": keep one of them"});
}

std::string same_series_problem(const Family& family) {
  const auto may_repeat = [&family](const Sample& sample) {
    return std::ranges::any_of(sample.labels, [&family](const Label& label) {
      return label.value.empty() || is_bound(family.type, label.name);
    });
  };
  if (std::ranges::none_of(family.samples, may_repeat)) return {};
  std::map<std::vector<Label>, const Sample*> known;
  for (const Sample& sample : family.samples) {
    const auto [same, is_new] = known.try_emplace(scraped_series(family.type, sample), &sample);
    if (!is_new) return same_series_words(*same->second, sample);
  }
  return {};
}

}  // namespace pushmetrics
