#include "formats/exposition_body.hpp"

#include "formats/exposition_number.hpp"
#include "metrics/grouping_key.hpp"
#include "metrics/series_hash.hpp"
#include "support/text.hpp"

#include <algorithm>
#include <cmath>

namespace pushmetrics {
namespace {

/// The last of the labels that say which part of a compound family a sample is; null if there is none.
const RawLabel* part_label(const ExpositionSample& sample, const FamilyEntry& family) {
  if (!family.is_compound()) return nullptr;
  const auto found = std::find_if(sample.labels.rbegin(), sample.labels.rend(),
                                  [&](const RawLabel& label) { return is_part_label(label, family); });
  return found == sample.labels.rend() ? nullptr : &*found;
}

std::optional<Problem> judge_part_labels(const ExpositionSample& sample, const FamilyEntry& family) {
  for (const RawLabel& label : sample.labels)
    if (is_part_label(label, family) && !is_exposition_number(label.value))
      return Problem{label.value, concat({"label ", label.name, " of ", to_string(family.type), " ",
                                          visible(family.name, 60), " must be a number, found `",
                                          visible(label.value, 60), "`"})};
  return std::nullopt;
}

/// The parser leaves these two to whoever knows the family's type.
std::optional<Problem> judge_repeated_labels(const ExpositionSample& sample, const FamilyEntry& family) {
  const RawLabel* seen[2] = {};
  for (const RawLabel& label : sample.labels) {
    const bool is_le = label.role == LabelRole::le;
    if ((!is_le && label.role != LabelRole::quantile) || is_part_label(label, family)) continue;
    const RawLabel*& earlier = seen[is_le ? 0 : 1];
    if (earlier != nullptr)
      return Problem{label.name, concat({"label `", label.name, "` is given twice: keep one"})};
    earlier = &label;
  }
  return std::nullopt;
}

/// Of those in order; see ExpositionSample::ordered_labels.
std::string_view first_labels(const ExpositionSample& sample, std::size_t count) {
  if (count == 0) return {};
  const std::string_view last = sample.labels[count - 1].value;
  const char* begin = sample.labels[0].name.data();
  return {begin, static_cast<std::size_t>(last.data() + last.size() + 1 - begin)};
}

}  // namespace

Problem Problem::naming_line(std::string_view place, std::string_view before, std::size_t line,
                             std::string_view after) {
  const std::string words = concat({" on line ", std::to_string(line)});
  return {place, concat({before, words, after}), LineMention{before.size(), words.size(), line}};
}

bool is_part_label(const RawLabel& label, const FamilyEntry& family) {
  if (label.role == LabelRole::le) return family.is_histogram();
  return label.role == LabelRole::quantile && family.type == MetricType::summary;
}

std::optional<Problem> ExpositionBody::add(const ExpositionLine& line, const ExpositionMetadata& metadata) {
  FamilyEntry& family = *families_.find_or_add(metadata.name).family;
  const std::string name = visible(family.name, 60);
  if (metadata.type) {
    if (family.type_line != 0)
      return Problem::naming_line(metadata.name, concat({"second TYPE line for ", name, ", the first is"}),
                                  family.type_line, ": keep one");
    if (family.has_samples())
      return Problem::naming_line(metadata.name, concat({"TYPE line for ", name, " after its first sample"}),
                                  family.first_sample_line, ": write it before");
    family.type_line = line.number;
    family.type = *metadata.type;
  } else if (!metadata.help.empty()) {
    if (family.help_line != 0)
      return Problem::naming_line(metadata.name, concat({"second HELP line for ", name, ", the first is"}),
                                  family.help_line, ": keep one");
    family.help_line = line.number;
  }
  return std::nullopt;
}

FamilyPart ExpositionBody::add(const ExpositionLine& line, const ExpositionSample& sample) {
  const FamilyPart part = families_.find_or_add(sample.name);
  if (!part.family->has_samples()) part.family->first_sample_line = line.number;
  return part;
}

std::optional<Problem> ExpositionBody::judge(const ExpositionSample& sample, FamilyPart part) const {
  const FamilyEntry& family = *part.family;
  if (!sample.has_roles && !family.is_compound()) return std::nullopt;
  if (auto problem = judge_repeated_labels(sample, family)) return problem;
  if (!family.is_compound()) return std::nullopt;
  if (auto problem = judge_part_labels(sample, family)) return problem;
  const std::string_view own_label = family.is_histogram() ? "le" : "quantile";
  if (group_ != nullptr && group_->value(own_label))
    return Problem{sample.name, concat({"the grouping label ", own_label, " collides with that of ",
                                        to_string(family.type), " ", visible(family.name, 60),
                                        ": name the grouping label otherwise"})};
  const bool is_population =
      part.part == SamplePart::count || (part.part != SamplePart::sum && !is_dropped(sample, part));
  if (family.is_histogram() && is_population && sample.value[0] == '-' && sample_value(sample.value) < 0)
    return Problem{sample.value,
                   concat({"a count of histogram ", visible(family.name, 60), " cannot be negative"})};
  return std::nullopt;
}

bool ExpositionBody::is_dropped(const ExpositionSample& sample, FamilyPart part) const {
  if (!part.family->is_compound() || part.part == SamplePart::sum || part.part == SamplePart::count)
    return false;
  const RawLabel* label = part_label(sample, *part.family);
  return label == nullptr || std::isnan(sample_value(label->value));
}

bool ExpositionBody::is_replaced(const RawLabel& label) const {
  if (label.role == LabelRole::job) return true;
  if (label.role == LabelRole::instance && label.value.empty()) return true;
  return group_ != nullptr && group_->value(label.name);
}

/// Of the labels that `counts` accepts, in whatever order they are written. A value can be written in one way
/// only, so that it need not be unescaped.
template <typename Counts>
std::uint64_t ExpositionBody::hash_series(const ExpositionSample& sample, Counts counts) {
  std::size_t counted = 0;
  bool are_first = true;
  for (const RawLabel& label : sample.labels) {
    if (!counts(label)) continue;
    are_first = are_first && &label == &sample.labels[counted];
    ++counted;
  }
  if (are_first && counted <= sample.ordered_labels)
    return hash_labels(first_labels(sample, counted), family_hash_);

  sorted_.clear();
  for (const RawLabel& label : sample.labels)
    if (counts(label)) sorted_.push_back(&label);
  std::ranges::sort(sorted_, {}, &RawLabel::name);
  written_.clear();
  for (const RawLabel* label : sorted_) {
    if (!written_.empty()) written_ += ',';
    written_.append(label->name).append("=\"").append(label->value) += '"';
  }
  return hash_labels(written_, family_hash_);
}

CheckedSeries ExpositionBody::identify(const ExpositionSample& sample, const FamilyEntry& family) {
  if (hashed_family_ != &family) {
    hashed_family_ = &family;
    family_hash_ = hash_bytes(family.name, 1);
  }
  CheckedSeries identity;
  if (!sample.has_roles && sample.ordered_labels == sample.labels.size()) {
    identity.written = hash_labels(first_labels(sample, sample.labels.size()), family_hash_);
  } else {
    identity.written =
        hash_series(sample, [&](const RawLabel& label) { return !is_part_label(label, family); });
  }
  identity.pushed = identity.written;
  if (sample.has_roles || group_ != nullptr)
    identity.pushed = hash_series(
        sample, [&](const RawLabel& label) { return !is_part_label(label, family) && !is_replaced(label); });
  return identity;
}

std::string ExpositionBody::pushed_series(const ExpositionSample& sample, const FamilyEntry& family) const {
  std::vector<std::string> labels;
  for (const RawLabel& label : sample.labels)
    if (!is_part_label(label, family) && !is_replaced(label))
      labels.push_back(concat({label.name, "=\"", label.value, "\","}));
  std::ranges::sort(labels);
  std::string series = concat({family.name, "{"});
  for (const std::string& label : labels) series += label;
  return series;
}

std::vector<ExpositionBody::Collision> ExpositionBody::collisions() {
  std::vector<Collision> found;
  for (const FamilyEntry& whole : families_.entries()) {
    if (!whole.has_samples() || !whole.is_compound()) continue;
    for (const std::string_view suffix : {"_count", "_sum", "_bucket"}) {
      if (suffix == "_bucket" && !whole.is_histogram()) continue;
      const FamilyEntry* part = families_.find(concat({whole.name, suffix}));
      if (part == nullptr || !part->has_samples()) continue;
      const bool whole_is_later = part->first_sample_line < whole.first_sample_line;
      found.push_back(whole_is_later ? Collision{&whole, part} : Collision{part, &whole});
    }
  }
  return found;
}

Problem explain(const ExpositionBody::Collision& collision) {
  const auto describe = [](const FamilyEntry& family) {
    return concat({to_string(family.type), " ", printable(family.name, 100)});
  };
  constexpr std::string_view cure =
      ": a histogram or summary has _count and _sum (and _bucket) to itself; rename one, or write its TYPE "
      "line before all of its samples";
  return Problem::naming_line(
      {}, concat({describe(*collision.later), " collides with ", describe(*collision.earlier)}),
      collision.earlier->first_sample_line, cure);
}

}  // namespace pushmetrics
