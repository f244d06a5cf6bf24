#include "cli/suggestions.hpp"

#include "support/text.hpp"

#include <algorithm>
#include <array>
#include <numeric>

namespace pushmetrics {
namespace {

/// How many characters are to be inserted, removed, replaced or swapped with their neighbour.
std::size_t edit_distance(std::string_view from, std::string_view to) {
  std::vector<std::size_t> before_last, last(to.size() + 1), row(to.size() + 1);
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 1; i <= from.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= to.size(); ++j) {
      const std::size_t replaced = last[j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
      if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1])
        row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    before_last = last;
    last = row;
  }
  return last[to.size()];
}

/// Of two candidates as near as each other, neither is meant more.
std::string_view only_nearest(std::string_view word, std::span<const std::string_view> candidates) {
  std::size_t best = std::max<std::size_t>(word.size() / 3, 1) + 1;
  std::string_view found;
  for (const std::string_view candidate : candidates) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance == best) found = {};
    if (distance >= best) continue;
    best = distance;
    found = candidate;
  }
  return found;
}

struct Alias {
  std::string_view theirs;
  std::string_view ours;
};

/// What other tools that push metrics or talk HTTP call our options.
constexpr auto aliases = std::to_array<Alias>({
    {"ca-cert", "cacert"},
    {"ca-file", "cacert"},
    {"cafile", "cacert"},
    {"cert-file", "cert"},
    {"client-cert", "cert"},
    {"client-key", "key"},
    {"key-file", "key"},
    {"endpoint", "url"},
    {"gateway", "url"},
    {"gateway-url", "url"},
    {"grouping", "label"},
    {"grouping-key", "label"},
    {"host", "url"},
    {"insecure-skip-verify", "insecure"},
    {"job-name", "job"},
    {"jobname", "job"},
    {"name", "job"},
    {"labels", "label"},
    {"metrics", "metric"},
    {"password", "password-file"},
    {"push-gateway", "url"},
    {"push-gateway-url", "url"},
    {"pushgateway", "url"},
    {"pushgateway-url", "url"},
    {"server", "url"},
    {"tags", "label"},
    {"tag", "label"},
    {"target", "url"},
    {"tls-skip-verify", "insecure"},
    {"token", "bearer-token-file"},
    {"token-file", "bearer-token-file"},
    {"bearer-token", "bearer-token-file"},
    {"username", "user"},
});

std::string_view called_by_others(std::string_view name, std::span<const std::string_view> options) {
  const auto found = std::ranges::find(aliases, name, &Alias::theirs);
  const bool is_here = found != aliases.end() && std::ranges::find(options, found->ours) != options.end();
  return is_here ? found->ours : std::string_view();
}

}  // namespace

std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates) {
  constexpr std::size_t longest = 40;
  if (word.empty() || word.size() > longest) return {};
  constexpr std::size_t significant = 3;
  std::string_view begun;
  std::size_t count = 0;
  for (const std::string_view candidate : candidates)
    if (candidate.starts_with(word)) begun = candidate, ++count;
  if (count == 1 && word.size() >= significant) return begun;
  return only_nearest(word, candidates);
}

std::string hint_for_unknown_option(std::string_view argument, const OptionTable& table) {
  std::string_view name = argument.substr(0, argument.find('='));
  name.remove_prefix(std::min(name.find_first_not_of('-'), name.size()));
  const std::string word = lower_case(name);
  std::vector<std::string_view> options;
  for (const OptionGroup& group : table)
    for (const OptionSpec& spec : group.options) options.push_back(spec.name);
  std::string_view meant = called_by_others(word, options);
  if (meant.empty() && word.size() > 1) meant = nearest(word, options);
  return meant.empty() ? std::string() : concat({"use '--", meant, "'"});
}

}  // namespace pushmetrics
