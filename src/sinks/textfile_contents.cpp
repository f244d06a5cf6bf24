#include "sinks/textfile_contents.hpp"

#include "encoding/series_labels.hpp"
#include "formats/exposition_parser.hpp"
#include "metrics/exposition_writer.hpp"
#include "metrics/family_index.hpp"
#include "support/text.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <set>
#include <span>
#include <utility>

namespace pushmetrics {
namespace {

constexpr std::string_view header_start = "# pushmetrics {";
/// Stands before the braces, so that they read as a sample whose value is the time of the push.
constexpr std::string_view header_metric = "group";

/// FNV-1a, 64 bits. Written out, since a name of a file must not change with the library or the machine.
std::uint64_t stable_hash(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return hash;
}

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
}

bool share_a_series(const Family& a, const Family& b) {
  std::set<std::vector<Label>> series;
  for (const Sample& sample : a.samples) series.insert(series_labels(sample));
  return std::ranges::any_of(b.samples,
                             [&](const Sample& sample) { return series.contains(series_labels(sample)); });
}

/// The endings of names that a family has to itself.
std::span<const std::string_view> own_suffixes(MetricType type) {
  static constexpr std::string_view suffixes[] = {"_count", "_sum", "_bucket"};
  if (type == MetricType::histogram) return suffixes;
  if (type == MetricType::summary) return std::span(suffixes).first(2);
  return {};
}

/// The histogram or summary of `there` to which the name belongs; null: none.
const Family* owner(std::string_view name, std::span<const Family> families, const FamilyIndex& there) {
  for (const std::string_view suffix : own_suffixes(MetricType::histogram)) {
    if (!name.ends_with(suffix)) continue;
    const auto found = there.find(std::string(name.substr(0, name.size() - suffix.size())));
    if (found == there.end()) return nullptr;
    const Family& whole = families[found->second];
    return std::ranges::count(own_suffixes(whole.type), suffix) > 0 ? &whole : nullptr;
  }
  return nullptr;
}

/// A family whose name belongs to a histogram or summary of the other file; empty: none.
std::string suffix_problem(const Family& family, std::span<const Family> neighbour,
                           const FamilyIndex& there) {
  if (const Family* const whole = owner(family.name, neighbour, there))
    return concat(
        {"there ", whole->name, " is a ", to_string(whole->type), ", which has ", family.name, " to itself"});
  for (const std::string_view suffix : own_suffixes(family.type))
    if (const std::string part = concat({family.name, suffix}); there.contains(part))
      return concat(
          {"it holds ", part, ", which the ", to_string(family.type), " ", family.name, " has to itself"});
  return {};
}

}  // namespace

std::string textfile_name(const GroupLabels& labels) {
  constexpr std::size_t readable = 120;
  std::string name = "pushmetrics";
  std::string key;
  for (const Label& label : labels.labels()) {
    name += '-';
    for (const char c : label.value) name += is_plain(c) ? c : '_';
    key.append(label.name).append(1, '\0').append(label.value).append(1, '\0');
  }
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(stable_hash(key)));
  return concat({std::string_view(name).substr(0, readable), "-", digits, ".prom"});
}

std::string write_textfile(const TextfileContents& contents) {
  const auto time = std::chrono::floor<std::chrono::milliseconds>(contents.pushed.time_since_epoch());
  const Sample header{"", contents.labels.labels(), static_cast<double>(time.count()) / 1000};
  Family comment;
  comment.samples = {header};
  std::string text = write_exposition({&comment, 1});
  text.erase(0, text.find('\n') + 1);  // its TYPE
  return concat({"# pushmetrics ", text, write_exposition(contents.families)});
}

std::optional<TextfileContents> read_textfile_header(std::string_view text) {
  if (!text.starts_with(header_start)) return std::nullopt;
  const std::string_view line = text.substr(0, text.find('\n'));
  const std::string sample = concat({header_metric, line.substr(header_start.size() - 1), "\n"});
  ParsedFamilies parsed = parse_families(sample);
  if (parsed.families.empty()) return std::nullopt;
  Sample& header = parsed.families.front().samples.front();
  constexpr double latest = 9e9;  // what a time_point can hold
  if (!(header.value >= 0 && header.value < latest)) return std::nullopt;
  TextfileContents contents;
  contents.labels = GroupLabels(std::move(header.labels));
  if (contents.labels.job().empty()) return std::nullopt;
  contents.pushed +=
      std::chrono::round<std::chrono::milliseconds>(std::chrono::duration<double>(header.value));
  return contents;
}

void replace_families(std::vector<Family>& held, std::vector<Family> pushed) {
  const FamilyIndex known = index_families(held);
  for (Family& family : pushed) {
    const auto old = known.find(family.name);
    if (old == known.end())
      held.push_back(std::move(family));
    else
      held[old->second] = std::move(family);
  }
}

std::string neighbour_problem(const std::vector<Family>& families, const std::vector<Family>& neighbour) {
  const FamilyIndex there = index_families(neighbour);
  for (const Family& family : families) {
    if (std::string problem = suffix_problem(family, neighbour, there); !problem.empty()) return problem;
    const auto found = there.find(family.name);
    if (found == there.end()) continue;
    const Family& other = neighbour[found->second];
    if (other.type != family.type)
      return concat(
          {"there ", family.name, " is of type ", to_string(other.type), ", not ", to_string(family.type)});
    if (share_a_series(family, other)) return concat({"it holds the same series of ", family.name});
  }
  return {};
}

void SharedHelp::add(const std::vector<Family>& families, Author author) {
  for (const Family& family : families) {
    const auto [known, is_new] = choices_.try_emplace(family.name, Choice{family.help, author});
    if (is_new || known->second.author == Author::other) continue;
    if (author == Author::other || known->second.help.empty()) known->second = {family.help, author};
  }
}

bool SharedHelp::apply_to(std::vector<Family>& families) const {
  bool changed = false;
  for (Family& family : families) {
    const auto found = choices_.find(family.name);
    const bool is_open = found == choices_.end() ||
                         (found->second.author == Author::pushmetrics && found->second.help.empty());
    // Without one, node_exporter would make one up that names the file.
    const std::string_view help = is_open ? std::string_view("Pushed by pushmetrics.") : found->second.help;
    changed = changed || family.help != help;
    family.help = help;
  }
  return changed;
}

GroupSnapshot held_group(const TextfileContents& contents, const std::optional<std::string>& prefix) {
  RunValuesFinder run_values(prefix);
  GroupSnapshot group;
  group.labels = contents.labels;
  group.last_push = contents.pushed;
  group.families = contents.families.size();
  for (const Family& family : contents.families) {
    FamilySnapshot held{family.name, family.type, {}};
    group.series += family.samples.size();
    for (const Sample& sample : family.samples) {
      SeriesIdentity series;
      for (const Label& label : sample.labels) series.add(label.name, label.value);
      held.series.push_back(series.value());
      const auto status = std::ranges::find(sample.labels, "status", &Label::name);
      if (status != sample.labels.end()) run_values.note_counted(sample.name, status->value, sample.value);
    }
    if (family.samples.size() == 1) run_values.note(family.name, family.samples.front().value);
    group.held.push_back(std::move(held));
  }
  static_cast<RunValues&>(group) = run_values.values();
  return group;
}

}  // namespace pushmetrics
