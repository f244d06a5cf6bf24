#include "formats/json_families.hpp"

#include "metrics/exposition_writer.hpp"
#include "metrics/grouping_key.hpp"
#include "metrics/series_hash.hpp"
#include "support/text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>
#include <utility>

namespace pushmetrics::json {
namespace {

using Kind = Node::Kind;

std::string in_backticks(std::string_view text) { return concat({"`", visible(text, 60), "`"}); }

/// How many characters to insert, remove or replace to make one word of the other.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, replaced}));
    }
  }
  return row.back();
}

/// `; did you mean 'help'?`, or nothing when no choice is near.
std::string suggestion(std::string_view word, std::initializer_list<std::string_view> choices) {
  if (word.size() > 20) return "";
  const std::string spelled = lower_case(word);
  const auto distance = [&](std::string_view choice) { return edit_distance(spelled, choice); };
  const std::string_view nearest = *std::ranges::min_element(choices, {}, distance);
  return distance(nearest) <= 2 ? concat({"; did you mean `", nearest, "`?"}) : "";
}

bool looks_like_number(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && std::isfinite(number);
}

/// Of a sample's line.
std::uint64_t hash_series(std::string_view line) { return hash_bytes(line.substr(0, line.rfind(' '))); }

const Node* find(const Node& object, std::string_view key) {
  const auto found = std::ranges::find(object.members, key, &Node::Member::key);
  return found == object.members.end() ? nullptr : &found->value;
}

}  // namespace

void FamilyBuilder::error(Offset offset, std::initializer_list<std::string_view> message) {
  findings_.error(offset, concat(message));
}

void FamilyBuilder::add_member(const Node::Member& entry) {
  const Name name{entry.key, entry.offset, Name::From::document_key};
  if (entry.value.kind == Kind::object) return add(name, entry.value);
  const std::optional<double> value = read_value(name.text, entry.value);
  Known* known = family(name);
  if (known == nullptr || !value) return;
  add_sample(*known, {entry.key, {}, *value}, entry.offset);
}

void FamilyBuilder::add_element(const Node& entry) {
  const Node* name = find(entry, "name");
  if (entry.kind != Kind::object)
    error(entry.offset, {"an object with `name` and `value` is wanted here, not ", describe(entry.kind)});
  else if (name == nullptr)
    error(entry.offset, {"this metric has no `name`"});
  else if (name->kind != Kind::string)
    error(name->offset, {"`name` must be a string, not ", describe(name->kind)});
  else
    add({name->text, name->offset, Name::From::name_key}, entry);
}

FamilyBuilder::Built FamilyBuilder::build() && {
  Built built;
  by_name_.clear();
  std::size_t line = 1;
  for (; !known_.empty(); known_.pop_front()) {
    Known& known = known_.front();
    if (known.series.empty()) continue;
    built.lines.push_back(line);
    built.offsets.push_back(known.series.front().offset);
    append_metadata(built.text, known.name, known.type, known.help);
    built.text += known.samples;
    line += (known.help.empty() ? 1 : 2) + known.series.size();
    refuse_second_series(known);
  }
  return built;
}

void FamilyBuilder::add(const Name& name, const Node& entry) {
  check_keys(name, entry);
  Known* known = family(name);
  if (known == nullptr) return;
  if (const Node* type = find(entry, "type")) set_type(*known, *type);
  if (const Node* help = find(entry, "help")) set_help(*known, *help);
  std::vector<Label> labels;
  if (const Node* object = find(entry, "labels")) labels = read_labels(name.text, *object);
  const Node* value = find(entry, "value");
  if (value == nullptr) return error(name.offset, {"metric ", in_backticks(name.text), " has no `value`"});
  const std::optional<double> number = read_value(name.text, *value);
  if (!number) return;
  add_sample(*known, {known->name, std::move(labels), *number}, name.offset);
}

void FamilyBuilder::check_keys(const Name& name, const Node& entry) {
  for (const auto& [key, offset, value] : entry.members) {
    if (key == "value" || key == "type" || key == "help" || key == "labels") continue;
    if (key != "name")
      error(offset, {"metric ", in_backticks(name.text), " has the unknown key ", in_backticks(key),
                     suggestion(key, {"value", "type", "help", "labels"})});
    else if (name.from == Name::From::document_key)
      error(offset, {"metric ", in_backticks(name.text), " has its name already: remove `name`"});
  }
  refuse_second_keys(name.text, entry);
}

/// JSON leaves open which of two equal keys counts.
void FamilyBuilder::refuse_second_keys(std::string_view name, const Node& object) {
  std::vector<const Node::Member*> sorted;
  for (const Node::Member& member : object.members) sorted.push_back(&member);
  const auto key = [](const Node::Member* member) -> const std::string& { return member->key; };
  std::ranges::stable_sort(sorted, {}, key);
  for (std::size_t i = 1; i < sorted.size(); ++i)
    if (sorted[i]->key == sorted[i - 1]->key)
      error(sorted[i]->offset, {"metric ", in_backticks(name), " has ", in_backticks(sorted[i]->key),
                                " a second time, after ", findings_.line(sorted[i - 1]->offset)});
}

void FamilyBuilder::add_sample(Known& known, const Sample& sample, Offset offset) {
  const std::size_t begin = known.samples.size();
  append_sample(known.samples, sample);
  const std::uint64_t written = hash_series(std::string_view(known.samples).substr(begin));
  known.series.push_back({written, pushed_series(sample, written), offset});
}

/// PROTOCOL.md, "Pushing", and hazard 2.
std::uint64_t FamilyBuilder::pushed_series(const Sample& sample, std::uint64_t written) const {
  const auto is_replaced = [this](const Label& label) {
    return label.name == "job" || (label.name == "instance" && label.value.empty()) ||
           (group_ != nullptr && group_->value(label.name));
  };
  if (std::ranges::none_of(sample.labels, is_replaced)) return written;
  Sample pushed = sample;
  std::erase_if(pushed.labels, is_replaced);
  std::string line;
  append_sample(line, pushed);
  return hash_series(line);
}

void FamilyBuilder::refuse_second_series(Known& known) {
  std::vector<Series>& series = known.series;
  std::ranges::stable_sort(series, {}, &Series::pushed);
  for (std::size_t i = 1; i < series.size(); ++i) {
    const Series& before = series[i - 1];
    if (series[i].pushed != before.pushed) continue;
    const std::string line = findings_.line(before.offset);
    constexpr std::string_view cure =
        " once it is pushed, since the grouping key replaces labels (job always, instance is \"\" where it "
        "is "
        "missing): tell them apart by another label";
    if (series[i].written == before.written)
      error(series[i].offset,
            {"metric ", in_backticks(known.name), " has a second value for the same labels, after ", line});
    else
      error(series[i].offset,
            {"metric ", in_backticks(known.name), " has the same labels as in ", line, cure});
  }
}

FamilyBuilder::Known* FamilyBuilder::family(const Name& name) {
  if (!is_valid_metric_name(name.text)) {
    error(name.offset, {in_backticks(name.text),
                        " is not a metric name: it takes letters, digits, `_` and `:`, no digit first"});
    return nullptr;
  }
  if (const auto at = by_name_.find(name.text); at != by_name_.end()) return at->second;
  Known& known = known_.emplace_back(Known{.name = std::string(name.text)});
  return by_name_.emplace(known.name, &known).first->second;
}

void FamilyBuilder::set_type(Known& known, const Node& node) {
  const std::optional<MetricType> type = read_type(known.name, node);
  if (!type) return;
  if (!known.type_given) {
    known.type = *type;
    known.type_given = node.offset;
  } else if (known.type != *type) {
    error(node.offset, {"metric ", in_backticks(known.name), " is of type ", to_string(*type), " here, but ",
                        to_string(known.type), " in ", findings_.line(*known.type_given)});
  }
}

std::optional<MetricType> FamilyBuilder::read_type(std::string_view name, const Node& node) {
  if (node.kind != Kind::string) {
    error(node.offset,
          {"metric ", in_backticks(name), ": `type` must be a string, not ", describe(node.kind)});
    return std::nullopt;
  }
  const std::string type = lower_case(node.text);
  if (type == "gauge") return MetricType::gauge;
  if (type == "counter") return MetricType::counter;
  if (type == "untyped") return MetricType::untyped;
  if (type == "histogram" || type == "summary")
    error(node.offset, {"metric ", in_backticks(name), ": a ", type,
                        " has more than one value, for which this JSON has no place: use the text format"});
  else
    error(node.offset, {"metric ", in_backticks(name), " has the unknown type ", in_backticks(node.text),
                        ": it takes counter, gauge or untyped"});
  return std::nullopt;
}

void FamilyBuilder::set_help(Known& known, const Node& node) {
  const std::string_view name = known.name;
  if (node.kind != Kind::string) {
    error(node.offset,
          {"metric ", in_backticks(name), ": `help` must be a string, not ", describe(node.kind)});
  } else if (!known.help_given) {
    known.help = node.text;
    known.help_given = node.offset;
  } else if (known.help != node.text) {
    error(node.offset,
          {"metric ", in_backticks(name), " has another help in ", findings_.line(*known.help_given)});
  }
}

std::optional<double> FamilyBuilder::read_value(std::string_view name, const Node& node) {
  if (node.kind == Kind::number) return node.number;
  if (node.kind == Kind::boolean) return node.text == "true" ? 1 : 0;
  if (node.kind != Kind::string) {
    error(node.offset,
          {"metric ", in_backticks(name), ": the value must be a number, not ", describe(node.kind)});
    return std::nullopt;
  }
  const std::optional<double> number = special_number(node.text);
  if (!number)
    error(node.offset, {"metric ", in_backticks(name), ": the value must be a number, not the string ",
                        in_backticks(node.text), looks_like_number(node.text) ? ": remove the quotes" : ""});
  return number;
}

/// Sorted by name, so that two samples with the same name are found.
std::vector<Label> FamilyBuilder::read_labels(std::string_view name, const Node& object) {
  std::vector<Label> labels;
  if (object.kind != Kind::object)
    error(object.offset,
          {"metric ", in_backticks(name), ": `labels` must be an object, not ", describe(object.kind)});
  for (const auto& [key, offset, value] : object.members) {
    if (!is_valid_label_name(key))
      error(offset, {"metric ", in_backticks(name), ": ", in_backticks(key), " is not a label name: ",
                     key.starts_with("__") ? "those that begin with `__` are reserved"
                                           : "it takes letters, digits and `_`, no digit first"});
    if (value.kind != Kind::string && value.kind != Kind::number && value.kind != Kind::boolean)
      error(value.offset, {"metric ", in_backticks(name), ": label ", in_backticks(key),
                           " must be a string, not ", describe(value.kind)});
    labels.push_back({key, value.text});
  }
  refuse_second_keys(name, object);
  std::ranges::sort(labels);
  return labels;
}

}  // namespace pushmetrics::json
