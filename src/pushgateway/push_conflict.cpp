#include "pushgateway/push_conflict.hpp"

#include "formats/exposition_parser.hpp"
#include "support/text.hpp"

#include <algorithm>
#include <utility>

namespace pushmetrics {
namespace {

/// A group that conflicts with the push, and how.
struct Conflict {
  const GroupSnapshot* group;
  std::string words;
};

bool has_parts(MetricType type) {
  return type == MetricType::histogram || type == MetricType::summary || type == MetricType::gauge_histogram;
}

constexpr std::string_view part_suffixes[] = {"_count", "_sum", "_bucket"};

/// The histogram or summary that `name` would be a part of by its form; empty if none.
std::string_view whole_of(std::string_view name) {
  for (const std::string_view suffix : part_suffixes)
    if (name.size() > suffix.size() && name.ends_with(suffix))
      return name.substr(0, name.size() - suffix.size());
  return {};
}

std::string collision(std::string_view ours, MetricType our_type, std::string_view theirs,
                      MetricType their_type) {
  if (ours == theirs && our_type != their_type)
    return concat(
        {"holds ", theirs, " as ", to_string(their_type), ", and this push has it as ", to_string(our_type)});
  if ((has_parts(their_type) && whole_of(ours) == theirs) ||
      (has_parts(our_type) && whole_of(theirs) == ours))
    return concat({"holds the ", to_string(their_type), " ", theirs, ", which cannot stand beside the ",
                   to_string(our_type), " ", ours, " of this push"});
  return {};
}

/// As the gateway stores them: with the group's labels replacing their own.
std::unordered_set<std::uint64_t> identities(const Family& family, const GroupingKey& group) {
  std::unordered_set<std::uint64_t> found;
  for (const Sample& sample : family.samples) {
    SeriesIdentity identity;
    identity.add("job", group.job());
    for (const Label& label : group.labels()) identity.add(label.name, label.value);
    for (const Label& label : sample.labels) {
      const bool is_part = (label.name == "le" && family.type == MetricType::histogram) ||
                           (label.name == "quantile" && family.type == MetricType::summary);
      if (!is_part && !group.value(label.name)) identity.add(label.name, label.value);
    }
    found.insert(identity.value());
  }
  return found;
}

bool has_unknown_bytes(const GroupSnapshot& group) {
  return group.name == GroupSnapshot::Name::unknown_bytes ||
         !std::ranges::all_of(group.labels.labels(),
                              [](const Label& label) { return is_valid_utf8(label.value); });
}

/// Why the gateway rejects every push while it holds the group (hazards 1 and 2); empty: it does not.
std::string_view poison(const GroupSnapshot& group) {
  if (has_unknown_bytes(group))
    return "has a label that is not UTF-8, by which the gateway refuses every push";
  if (group.is_beside_bare_group)
    return "has an empty instance and stands beside the same group without one, by which the gateway refuses "
           "every push";
  return {};
}

template <typename Explain>
std::vector<Conflict> conflicts(const std::vector<GroupSnapshot>& groups, Explain explain) {
  std::vector<Conflict> found;
  for (const GroupSnapshot& group : groups)
    if (std::string words(explain(group)); !words.empty()) found.push_back({&group, std::move(words)});
  return found;
}

std::string describe_conflicts(const std::vector<Conflict>& found, std::string_view url) {
  if (found.empty()) return {};
  std::string text =
      concat({"the group {", found.front().group->labels.to_string(), "} ", found.front().words});
  if (found.size() > 1) text += concat({" (and so do ", std::to_string(found.size() - 1), " more groups)"});
  constexpr std::size_t most = 3;
  std::string commands;
  for (std::size_t i = 0; i < std::min(found.size(), most); ++i) {
    // With unknown bytes, a command would not find the group.
    if (found[i].group->name == GroupSnapshot::Name::unknown_bytes) continue;
    commands += concat({commands.empty() ? "" : " && ", "pushmetrics delete --url ", shell_word(url), " ",
                        found[i].group->labels.as_options()});
  }
  if (commands.empty()) return text;
  return concat(
      {text, "; this clears it: ", commands, found.size() > most ? ", and likewise for the others" : ""});
}

}  // namespace

PushConflicts::PushConflicts(const Push& push) : push_(push), families_(parse_families(push.body).families) {
  for (const Family& family : families_) {
    series_.push_back(identities(family, push.group));
    names_.insert(family.name);
    if (const std::string_view whole = whole_of(family.name); !whole.empty()) names_.emplace(whole);
    if (has_parts(family.type))
      for (const std::string_view suffix : part_suffixes) names_.insert(concat({family.name, suffix}));
  }
}

bool PushConflicts::concern(const GroupSnapshot& group) const {
  // What else the list holds shows whether these conflict.
  if (group.name != GroupSnapshot::Name::exact || group.labels.value("instance") == "") return true;
  return has_unknown_bytes(group) || !type_conflict(group).empty() || !series_conflict(group).empty();
}

/// Whether the push replaces the family.
bool PushConflicts::is_replaced(const GroupSnapshot& group, std::string_view name) const {
  if (group.labels != GroupLabels(push_.group)) return false;
  return push_.mode == PushMode::replace ||
         std::ranges::any_of(families_, [&](const Family& family) { return family.name == name; });
}

std::string PushConflicts::type_conflict(const GroupSnapshot& group) const {
  for (const FamilySnapshot& held : group.held) {
    if (!concern(held.name) || is_replaced(group, held.name)) continue;
    for (const Family& family : families_)
      if (std::string words = collision(family.name, family.type, held.name, held.type); !words.empty())
        return words;
  }
  return {};
}

std::string PushConflicts::series_conflict(const GroupSnapshot& group) const {
  for (const FamilySnapshot& held : group.held) {
    if (!concern(held.name) || is_replaced(group, held.name)) continue;
    for (std::size_t i = 0; i < families_.size(); ++i)
      if (families_[i].name == held.name &&
          std::ranges::any_of(held.series, [&](auto series) { return series_[i].contains(series); }))
        return concat({"holds a series of the ", to_string(held.type), " ", held.name,
                       " with the very labels that it has in this push"});
  }
  return {};
}

std::string PushConflicts::explain(const std::vector<GroupSnapshot>& groups, std::string_view url) const {
  auto found = conflicts(groups, poison);
  if (found.empty()) found = conflicts(groups, [this](const auto& group) { return type_conflict(group); });
  if (found.empty()) found = conflicts(groups, [this](const auto& group) { return series_conflict(group); });
  return describe_conflicts(found, url);
}

std::string PushConflicts::explain(const Types& types) const {
  for (const Family& family : families_)
    for (const auto& [name, type] : types)
      if (!collision(family.name, family.type, name, type).empty())
        return concat({name, " is a metric of the gateway itself, of type ", to_string(type),
                       ", and this push has ", family.name, " as ", to_string(family.type),
                       ": nothing can be deleted there, so give yours another name"});
  return {};
}

void TypeLines::take(std::string_view piece) {
  constexpr std::size_t longest = 4096;  // longest line of interest
  for (const char c : piece) {
    if (c == '\n')
      end_line();
    else if (line_.size() < longest)
      line_ += c;
  }
}

void TypeLines::end_line() {
  const auto words = split(line_, " \t");
  if (words.size() == 4 && words[0] == "#" && words[1] == "TYPE")
    if (const auto type = metric_type_from(words[3]); type && conflicts_.concern(words[2]))
      types_.insert_or_assign(std::string(words[2]), *type);
  line_.clear();
}

}  // namespace pushmetrics
