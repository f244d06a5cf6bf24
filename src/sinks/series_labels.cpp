#include "sinks/series_labels.hpp"

#include "metrics/exposition_writer.hpp"
#include "support/text.hpp"

#include <algorithm>
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

std::string series_words(const Sample& sample) {
  std::string words;
  append_sample(words, sample);
  words.resize(words.rfind(' '));  // before its value
  return printable(words);
}

std::string same_series_problem(const Family& family) {
  const auto has_empty_label = [](const Sample& sample) {
    return std::ranges::any_of(sample.labels, [](const Label& label) { return label.value.empty(); });
  };
  if (std::ranges::none_of(family.samples, has_empty_label)) return {};
  std::map<std::vector<Label>, const Sample*> known;
  for (const Sample& sample : family.samples) {
    const auto [same, is_new] = known.try_emplace(series_labels(sample), &sample);
    if (!is_new)
      return concat({series_words(*same->second), " and ", series_words(sample),
                     " are one series to Prometheus, for which an empty label is none: keep one of them"});
  }
  return {};
}

}  // namespace pushmetrics
