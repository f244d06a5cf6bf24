#include "job/added_counters.hpp"

#include "formats/exposition_parser.hpp"
#include "metrics/exposition_writer.hpp"
#include "support/text.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <unordered_map>
#include <utility>

namespace pushmetrics {
namespace {

constexpr std::string_view mark = "# ADD ";

/// The lines with the mark, without it.
std::string marked_lines(std::string_view text) {
  std::string lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    if (line.starts_with(mark)) lines.append(line.substr(mark.size())).append("\n");
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

/// Adds up what read_exposition() finds.
class Adder : public ExpositionHandler {
 public:
  void on_metadata(const ExpositionLine&, const ExpositionMetadata& metadata) override {
    if (metadata.kind == ExpositionMetadata::Kind::help && !metadata.help.empty())
      helps_.try_emplace(std::string(metadata.name), unescape_help(metadata.help));
  }
  void on_sample(const ExpositionLine&, const ExpositionSample& raw) override {
    Sample sample = to_sample(raw);
    if (!added_value_problem(sample.value).empty()) {
      ++result_.invalid;
      return;
    }
    std::ranges::sort(sample.labels);
    std::vector<Label> labels = sample.labels;
    const auto [place, is_new] =
        places_.try_emplace({sample.name, std::move(labels)}, std::pair<std::size_t, std::size_t>());
    if (is_new) {
      Family& family = family_of(sample.name);
      place->second = {static_cast<std::size_t>(&family - result_.families.data()), family.samples.size()};
      family.samples.push_back(std::move(sample));
    } else {
      result_.families[place->second.first].samples[place->second.second].value += sample.value;
    }
  }
  Next on_error(Diagnostic) override {
    ++result_.invalid;
    return Next::go_on;
  }

  AddedCounters end() && {
    for (Family& family : result_.families)
      if (const auto help = helps_.find(family.name); help != helps_.end()) family.help = help->second;
    return std::move(result_);
  }

 private:
  Family& family_of(const std::string& name) {
    const auto [known, is_new] = families_.try_emplace(name, result_.families.size());
    if (is_new) result_.families.push_back({name, MetricType::counter, {}, {}});
    return result_.families[known->second];
  }

  std::map<std::pair<std::string, std::vector<Label>>, std::pair<std::size_t, std::size_t>> places_;
  std::unordered_map<std::string, std::size_t> families_;
  std::unordered_map<std::string, std::string> helps_;
  AddedCounters result_;
};

}  // namespace

std::string added_lines(const Family& counter) {
  std::string text;
  const std::string exposition = write_exposition({&counter, 1});
  for (const std::string_view line : split(exposition, "\n"))
    if (!line.starts_with("# TYPE ")) text.append(mark).append(line).append("\n");
  return text;
}

AddedCounters read_added_counters(std::string_view text) {
  Adder adder;
  read_exposition(marked_lines(text), Strictness::strict, adder);
  return std::move(adder).end();
}

std::string_view added_value_problem(double value) {
  if (!std::isfinite(value)) return "it is no finite number";
  if (value < 0) return "a counter only goes up: use 'pushmetrics set' for a value that may fall";
  return {};
}

}  // namespace pushmetrics
