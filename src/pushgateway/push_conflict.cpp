#include "pushgateway/push_conflict.hpp"

#include "formats/exposition_parser.hpp"
#include "support/text.hpp"

#include <algorithm>
#include <set>
#include <unordered_set>

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

/// The histogram or summary that `name` would be a part of by its form; empty if none.
std::string_view whole_of(std::string_view name) {
  for (const std::string_view suffix : {"_count", "_sum", "_bucket"})
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

/// Conflicts that make the gateway reject every push (hazards 1 and 2).
std::vector<Conflict> poisons(const std::vector<GroupSnapshot>& groups) {
  std::vector<Conflict> found;
  std::set<GroupLabels> exact;
  for (const GroupSnapshot& group : groups) exact.insert(group.labels);
  for (const GroupSnapshot& group : groups) {
    const auto& labels = group.labels.labels();
    if (group.name == GroupSnapshot::Name::unknown_bytes ||
        !std::ranges::all_of(labels, [](const Label& label) { return is_valid_utf8(label.value); }))
      found.push_back({&group, "has a label that is not UTF-8, by which the gateway refuses every push"});
    else if (group.labels.value("instance") == "" && exact.contains(group.labels.without("instance")))
      found.push_back({&group,
                       "has an empty instance and stands beside the same group without one, by which the "
                       "gateway refuses every push"});
  }
  return found;
}

/// Whether the push replaces the family.
bool is_replaced(const Push& push, const std::vector<Family>& families, const GroupSnapshot& group,
                 std::string_view name) {
  if (group.labels != GroupLabels(push.group)) return false;
  return push.mode == PushMode::replace ||
         std::ranges::any_of(families, [&](const Family& family) { return family.name == name; });
}

template <typename Collide>
std::vector<Conflict> conflicts(const Push& push, const std::vector<Family>& families,
                                const std::vector<GroupSnapshot>& groups, Collide collide) {
  std::vector<Conflict> found;
  for (const GroupSnapshot& group : groups) {
    std::string words;
    for (const FamilySnapshot& held : group.held) {
      if (is_replaced(push, families, group, held.name)) continue;
      for (std::size_t i = 0; i < families.size() && words.empty(); ++i) words = collide(i, held);
    }
    if (!words.empty()) found.push_back({&group, std::move(words)});
  }
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

std::string explain_push_conflict(const Push& push, const std::vector<GroupSnapshot>& groups,
                                  std::string_view url) {
  if (const auto poison = poisons(groups); !poison.empty()) return describe_conflicts(poison, url);
  const std::vector<Family> families = parse_families(push.body).families;
  const auto by_type = conflicts(push, families, groups, [&](std::size_t i, const FamilySnapshot& held) {
    return collision(families[i].name, families[i].type, held.name, held.type);
  });
  if (!by_type.empty()) return describe_conflicts(by_type, url);

  std::vector<std::unordered_set<std::uint64_t>> ours;
  for (const Family& family : families) ours.push_back(identities(family, push.group));
  const auto by_series = conflicts(push, families, groups, [&](std::size_t i, const FamilySnapshot& held) {
    const bool same = families[i].name == held.name &&
                      std::ranges::any_of(held.series, [&](auto series) { return ours[i].contains(series); });
    return same ? concat({"holds a series of the ", to_string(held.type), " ", held.name,
                          " with the very labels that it has in this push"})
                : std::string();
  });
  return describe_conflicts(by_series, url);
}

std::string explain_gateway_conflict(const Push& push, const Types& types) {
  for (const Family& family : parse_families(push.body).families)
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
    if (const auto type = metric_type_from(words[3])) types_.insert_or_assign(std::string(words[2]), *type);
  line_.clear();
}

}  // namespace pushmetrics
