#include "formats/exposition_body.hpp"
#include "formats/exposition_errors.hpp"
#include "formats/exposition_parser.hpp"
#include "metrics/grouping_key.hpp"
#include "support/text.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

namespace pushmetrics {
namespace {

using Next = ExpositionHandler::Next;

/// The model, in the order of first mention.
class Families {
 public:
  Family& of(const FamilyEntry& entry) {
    const auto [known, is_new] = index_.try_emplace(&entry, families_.size());
    if (is_new)
      families_.push_back({.name = std::string(entry.name), .type = entry.type, .help = {}, .samples = {}});
    return families_[known->second];
  }

  std::vector<Family> take() {
    std::erase_if(families_, [](const Family& family) { return family.samples.empty(); });
    return std::move(families_);
  }

 private:
  std::vector<Family> families_;
  std::unordered_map<const FamilyEntry*, std::size_t> index_;
};

/// Of a text that is known to be valid.
class Builder : public ExpositionHandler {
 public:
  void on_metadata(const ExpositionLine& line, const ExpositionMetadata& metadata) override {
    body_.add(line, metadata);
    Family& family = families_.of(*body_.families().find_or_add(metadata.name).family);
    if (metadata.type) family.type = *metadata.type;
    if (!metadata.help.empty()) family.help = unescape_help(metadata.help);
  }
  void on_sample(const ExpositionLine& line, const ExpositionSample& sample) override {
    families_.of(*body_.add(line, sample).family).samples.push_back(to_sample(sample));
  }
  Next on_error(Diagnostic) override { return Next::go_on; }

  std::vector<Family> take() { return families_.take(); }

 private:
  ExpositionBody body_{nullptr};
  Families families_;
};

/// Of lines that are good or bad one by one.
class Gatherer : public ExpositionHandler {
 public:
  explicit Gatherer(const CheckOptions& options) : options_(options), body_(options.group) {}

  void on_metadata(const ExpositionLine& line, const ExpositionMetadata& metadata) override {
    FamilyEntry& entry = *body_.families().find_or_add(metadata.name).family;
    if (metadata.type) {
      if (!may_become(entry, *metadata.type))
        return ignore(line, metadata.name,
                      concat({"TYPE ", to_string(*metadata.type), " for ", entry.name, ", which is ",
                              to_string(entry.type), " already"}));
      entry.type = *metadata.type;
      entry.type_line = line.number;
      families_.of(entry).type = entry.type;
    } else if (!metadata.help.empty() && entry.help_line == 0) {
      entry.help_line = line.number;
      families_.of(entry).help = unescape_help(metadata.help);
      if (const auto joined = parse_error::joined_help(metadata.help); !joined.empty())
        report(line.at(metadata.help), std::string(joined));
    }
  }

  void on_sample(const ExpositionLine& line, const ExpositionSample& raw) override {
    // Judged before it is added, so that an invalid line leaves no trace.
    const FamilyPart part = body_.families().find_or_add(raw.name);
    if (const auto problem = body_.judge(raw, part)) return ignore(line, problem->place, problem->message);
    if (const RawLabel* label = repeated_part_label(raw, *part.family))
      return ignore(line, label->name, concat({"label `", label->name, "` is given twice: keep one"}));
    if (!raw.timestamp.empty() && options_.timestamps == Timestamps::refuse)
      return ignore(line, raw.timestamp, "the sample has a timestamp, and Pushgateway takes none");
    body_.add(line, raw);
    std::vector<Sample>& samples = families_.of(*part.family).samples;
    const auto [known, is_new] = samples_.try_emplace(identity(raw, *part.family), samples.size());
    if (is_new) samples.emplace_back();
    samples[known->second] = to_sample(raw);
    drop_replaced_labels(line, raw, samples[known->second]);
  }

  Next on_error(Diagnostic error) override {
    report(error.position, error.message);
    return Next::go_on;
  }

  ParsedFamilies take() {
    for (const ExpositionBody::Collision& collision : body_.collisions()) {
      families_.of(*collision.later).samples.clear();
      report({collision.later->first_sample_line, 1}, explain(collision).message);
    }
    std::ranges::stable_sort(diagnostics_, {}, &Diagnostic::position);
    return {families_.take(), std::move(diagnostics_), omitted_};
  }

 private:
  /// Pushgateway takes the last, others reject the sample.
  static const RawLabel* repeated_part_label(const ExpositionSample& raw, const FamilyEntry& family) {
    const RawLabel* first = nullptr;
    for (const RawLabel& label : raw.labels) {
      if (!is_part_label(label, family)) continue;
      if (first != nullptr) return &label;
      first = &label;
    }
    return nullptr;
  }

  /// A late TYPE does no harm, unless the samples so far would have to be read in another way.
  static bool may_become(const FamilyEntry& entry, MetricType type) {
    if (entry.type_line != 0) return entry.type == type;
    const FamilyEntry compound{.name = {}, .type = type};
    return !entry.has_samples() || !compound.is_compound();
  }

  std::string identity(const ExpositionSample& raw, const FamilyEntry& family) const {
    std::string key = body_.pushed_series(raw, family);
    if (!family.is_compound()) return key;
    key.append("\n").append(raw.name);
    for (const RawLabel& label : raw.labels)
      if (is_part_label(label, family)) key.append("\n").append(label.value);
    return key;
  }

  /// They would only make lines of one histogram differ.
  void drop_replaced_labels(const ExpositionLine& line, const ExpositionSample& raw, Sample& sample) {
    for (std::size_t i = raw.labels.size(); i-- > 0;) {
      const RawLabel& label = raw.labels[i];
      if (!body_.is_replaced(label)) continue;
      sample.labels.erase(sample.labels.begin() + static_cast<std::ptrdiff_t>(i));
      if (!label.value.empty() && replaced_.emplace(label.name).second)
        warn(line.at(label.name),
             concat(
                 {"label ", label.name, " is replaced by the grouping key's: the value here has no effect"}));
    }
  }

  void ignore(const ExpositionLine& line, std::string_view place, std::string_view why) {
    report(line.at(place), why);
  }
  void report(Position position, std::string_view why) { warn(position, concat({why, " (skipped)"})); }
  void warn(Position position, std::string message) {
    if (diagnostics_.size() < options_.limit)
      diagnostics_.push_back({Severity::warning, position, std::move(message)});
    else
      ++omitted_;
  }

  const CheckOptions& options_;
  ExpositionBody body_;
  Families families_;
  std::map<std::string, std::size_t> samples_;
  std::set<std::string, std::less<>> replaced_;
  std::vector<Diagnostic> diagnostics_;
  std::size_t omitted_ = 0;
};

}  // namespace

Sample to_sample(const ExpositionSample& raw) {
  Sample sample{.name = std::string(raw.name), .labels = {}, .value = sample_value(raw.value)};
  sample.labels.reserve(raw.labels.size());
  for (const RawLabel& label : raw.labels)
    sample.labels.push_back({std::string(label.name), unescape_label_value(label.value)});
  return sample;
}

ParsedFamilies parse_families(std::string_view text, const CheckOptions& options) {
  CheckResult check = check_exposition(text, options);
  ParsedFamilies parsed{{}, std::move(check.diagnostics), check.omitted_errors + check.omitted_warnings};
  if (!check.valid) return parsed;
  Builder builder;
  read_exposition(text, options.strictness, builder);
  parsed.families = builder.take();
  return parsed;
}

ParsedFamilies parse_appended(std::string_view text, const CheckOptions& options) {
  Gatherer gatherer(options);
  read_exposition(text, Strictness::lenient, gatherer);
  return gatherer.take();
}

}  // namespace pushmetrics
