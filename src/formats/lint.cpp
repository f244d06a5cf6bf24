#include "formats/lint.hpp"

#include "metrics/family_table.hpp"
#include "support/text.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

namespace pushmetrics {
namespace {

// Lists and rules are promlint's (client_golang v1.19.0, prometheus/testutil/promlint/validations), which promtool
// has from 2.53 on.

struct Unit {
  std::string_view name;
  std::string_view base;
};

constexpr std::array<Unit, 24> units = {{
    {"amperes", "amperes"}, {"bytes", "bytes"},     {"celsius", "celsius"}, {"grams", "grams"},
    {"joules", "joules"},   {"kelvin", "kelvin"},   {"meters", "meters"},   {"metres", "metres"},
    {"seconds", "seconds"}, {"volts", "volts"},     {"minutes", "seconds"}, {"hours", "seconds"},
    {"days", "seconds"},    {"weeks", "seconds"},   {"kelvins", "kelvin"},  {"fahrenheit", "celsius"},
    {"rankine", "celsius"}, {"inches", "meters"},   {"yards", "meters"},    {"miles", "meters"},
    {"bits", "bytes"},      {"calories", "joules"}, {"pounds", "grams"},    {"ounces", "grams"},
}};

constexpr std::array<std::string_view, 18> unit_prefixes = {
    "pico", "nano", "micro", "milli", "centi", "deci", "deca", "hecto", "kilo",
    "kibi", "mega", "mibi",  "giga",  "gibi",  "tera", "tebi", "peta",  "pebi"};

constexpr std::array<std::string_view, 14> abbreviations = {"s",  "ms", "us", "ns", "sec", "b", "kb",
                                                            "mb", "gb", "tb", "pb", "m",   "h", "d"};

bool is_camel_case(std::string_view name) {
  const auto turns = [](char a, char b) { return a >= 'a' && a <= 'z' && b >= 'A' && b <= 'Z'; };
  return std::ranges::adjacent_find(name, turns) != name.end();
}

/// Whether `word` stands between underscores in `name`, or at its end behind one.
bool has_word(std::string_view name, std::string_view word) {
  return name.find(concat({"_", word, "_"})) != std::string_view::npos || name.ends_with(concat({"_", word}));
}

const Unit* find_unit(std::string_view word) {
  const auto is_unit = [&](std::string_view candidate) {
    return std::ranges::find(units, candidate, &Unit::name);
  };
  auto found = is_unit(word);
  for (const std::string_view prefix : unit_prefixes)
    if (found == units.end() && word.starts_with(prefix)) found = is_unit(word.substr(prefix.size()));
  return found == units.end() ? nullptr : &*found;
}

/// What the rules need to know of a family.
struct Facts {
  Position position;
  MetricType type = MetricType::untyped;
  bool has_help = false;
  bool has_samples = false;
  std::optional<Position> le = {};
  std::optional<Position> quantile = {};
  std::optional<Position> camel_case_label = {};
};

void note_label(Facts& facts, std::string_view label, Position position) {
  if (label == "le" && facts.type != MetricType::histogram && !facts.le) facts.le = position;
  if (label == "quantile" && facts.type != MetricType::summary && !facts.quantile) facts.quantile = position;
  if (!facts.camel_case_label && is_camel_case(label)) facts.camel_case_label = position;
}

/// The rules, for one family.
class Rules {
 public:
  Rules(std::string_view name, const Facts& facts, std::vector<Diagnostic>& findings)
      : name_(name), lower_(lower_case(name)), facts_(facts), findings_(findings) {}

  void apply() {
    if (!facts_.has_help) find({"no help text"});
    unit();
    if (facts_.type != MetricType::untyped) suffixes_and_labels();
    if (facts_.type != MetricType::untyped && has_word(lower_, to_string(facts_.type)))
      find({"metric name should not include type '", to_string(facts_.type), "'"});
    if (name_.find(':') != std::string_view::npos) find({"metric names should not contain ':'"});
    if (is_camel_case(name_)) find({"metric names should be written in 'snake_case' not 'camelCase'"});
    if (facts_.camel_case_label)
      find({"label names should be written in 'snake_case' not 'camelCase'"}, *facts_.camel_case_label);
    if (std::ranges::any_of(abbreviations, [&](std::string_view unit) { return has_word(lower_, unit); }))
      find({"metric names should not contain abbreviated units"});
  }

 private:
  void find(std::initializer_list<std::string_view> text) { find(text, facts_.position); }
  void find(std::initializer_list<std::string_view> text, Position position) {
    findings_.push_back({Severity::warning, position, concat({name_, ": ", concat(text)})});
  }

  void unit() {
    for (const std::string_view word : split(name_, "_")) {
      const Unit* unit = find_unit(word);
      if (unit == nullptr) continue;
      if (word != unit->base) find({"use base unit \"", unit->base, "\" instead of \"", word, "\""});
      return;
    }
  }

  void suffixes_and_labels() {
    const MetricType type = facts_.type;
    const bool histogram = type == MetricType::histogram;
    const bool summary = type == MetricType::summary;
    const bool total = name_.ends_with("_total");
    if (type == MetricType::counter && !total) find({R"(counter metrics should have "_total" suffix)"});
    if (type != MetricType::counter && total)
      find({R"(non-counter metrics should not have "_total" suffix)"});
    if (!histogram && name_.ends_with("_bucket"))
      find({R"(non-histogram metrics should not have "_bucket" suffix)"});
    for (const std::string_view suffix : {"_count", "_sum"})
      if (!histogram && !summary && name_.ends_with(suffix))
        find({"non-histogram and non-summary metrics should not have \"", suffix, "\" suffix"});
    if (facts_.le) find({R"(non-histogram metrics should not have "le" label)"}, *facts_.le);
    if (facts_.quantile) find({R"(non-summary metrics should not have "quantile" label)"}, *facts_.quantile);
  }

  std::string_view name_;
  std::string lower_;
  const Facts& facts_;
  std::vector<Diagnostic>& findings_;
};

void sort_by_position(std::vector<Diagnostic>& findings) {
  const auto place = [](const Diagnostic& finding) {
    return std::pair<Position, std::string_view>(finding.position, finding.message);
  };
  std::ranges::sort(findings, {}, place);
}

/// Gathers the facts of a text.
class Linter : public ExpositionHandler {
 public:
  void on_metadata(const ExpositionLine& line, const ExpositionMetadata& metadata) override {
    FamilyEntry& family = *families_.find_or_add(metadata.name).family;
    Facts& facts = facts_of(family, line.at(metadata.name));
    if (metadata.type) family.type = facts.type = *metadata.type;
    if (!metadata.help.empty()) facts.has_help = true;
  }

  void on_sample(const ExpositionLine& line, const ExpositionSample& sample) override {
    const FamilyEntry* family = families_.find_or_add(sample.name).family;
    if (family != last_family_) {
      last_family_ = family;
      last_facts_ = &facts_of(*family, line.at(sample.name));
      last_facts_->has_samples = true;
    }
    for (const RawLabel& label : sample.labels) note_label(*last_facts_, label.name, line.at(label.name));
  }

  Next on_error(Diagnostic /*reported by check_exposition*/) override { return Next::go_on; }

  std::vector<Diagnostic> findings() const {
    std::vector<Diagnostic> findings;
    for (const auto& [family, facts] : facts_)
      if (facts.has_samples) Rules(family->name, facts, findings).apply();
    sort_by_position(findings);
    return findings;
  }

 private:
  Facts& facts_of(const FamilyEntry& family, Position mention) {
    return facts_.try_emplace(&family, Facts{.position = mention}).first->second;
  }

  FamilyTable families_;
  std::unordered_map<const FamilyEntry*, Facts> facts_;
  const FamilyEntry* last_family_ = nullptr;
  Facts* last_facts_ = nullptr;
};

}  // namespace

std::vector<Diagnostic> lint_exposition(std::string_view text, Strictness strictness) {
  Linter linter;
  read_exposition(text, strictness, linter);
  return linter.findings();
}

}  // namespace pushmetrics
