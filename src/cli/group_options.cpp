#include "cli/group_options.hpp"

#include "support/text.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <string_view>
#include <utility>

namespace pushmetrics {
namespace {

/// Stores what makes a grouping key, so that what does not is refused for the option that it came from.
Store if_groupable(Store store, std::string label_name) {
  return
      [store = std::move(store), label_name = std::move(label_name)](const std::vector<std::string>& values) {
        const std::string& value = values.back();
        const auto key =
            label_name == "job" ? GroupingKey::make(value) : GroupingKey::make("x", {{label_name, value}});
        return key ? store(values) : Stored(key.failure());
      };
}

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

bool looks_like_uuid(std::string_view value) {
  if (value.size() != 36) return false;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? value[i] != '-' : !is_hex(value[i])) return false;
  }
  return true;
}

/// A full commit hash, of SHA-1 or SHA-256.
bool looks_like_hash(std::string_view value) {
  return (value.size() == 40 || value.size() == 64) && std::ranges::all_of(value, is_hex);
}

bool is_unbounded(const Label& label) {
  constexpr std::array<std::string_view, 14> names{
      "run_id",   "run_number",   "build_id", "build_number", "pipeline_id", "job_id", "pod",
      "pod_name", "container_id", "pid",      "trace_id",     "request_id",  "commit", "sha"};
  return std::ranges::find(names, label.name) != names.end() || looks_like_uuid(label.value) ||
         looks_like_hash(label.value);
}

bool has_line_end(std::string_view text) { return text.ends_with('\n') || text.ends_with('\r'); }

/// A line end that came with a variable, say, makes a group of its own that looks like another.
void warn_of_line_ends(const GroupingKey& group, const Console& console) {
  if (has_line_end(group.job()))
    console.warn(concat({"the job's name ", in_quotes(group.job()), " ends in a line end"}));
  for (const Label& label : group.labels())
    if (has_line_end(label.value))
      console.warn(concat({"label '", label.name, "' ends in a line end: ", in_quotes(label.value)}));
}

}  // namespace

std::string host_name() {
  std::array<char, HOST_NAME_MAX + 1> buffer{};
  return ::gethostname(buffer.data(), buffer.size() - 1) == 0 ? buffer.data() : std::string();
}

OptionGroup describe(GroupOptions& options) {
  OptionSpec job{"job", 'j', "NAME", "job name of the group", if_groupable(into(options.job), "job")};
  OptionSpec instance{"instance", 'i', "NAME", "instance label of the group (default: none)",
                      if_groupable(into(options.instance), "instance")};
  OptionSpec hostname{"instance-hostname", 0, "", "use this machine's host name as the instance",
                      set(options.instance_is_hostname)};
  const Store store_labels = into(options.labels);
  OptionSpec label{"label", 'l', "NAME=VALUE", "further grouping label; repeatable",
                   [&options, store_labels](const std::vector<std::string>& values) -> Stored {
                     if (Stored result = store_labels(values); !result) return result;
                     const auto key = GroupingKey::make("x", options.labels);
                     if (key) return {};
                     options.labels.clear();
                     return Failure{key.error()};
                   }};
  label.repeatable = true;
  label.environment = {"PUSHMETRICS_LABELS"};
  label.separators = ",";
  OptionSpec allow{"allow-high-cardinality", 0, "", "no warning about labels that look unbounded",
                   set(options.allow_high_cardinality)};
  return {"Group", {job, instance, hostname, label, allow}};
}

Result<GroupingKey> make_group(const GroupOptions& options, std::string default_job) {
  std::vector<Label> labels = options.labels;
  if (options.instance)
    labels.push_back({"instance", *options.instance});
  else if (options.instance_is_hostname)
    labels.push_back({"instance", host_name()});
  std::string job = options.job.value_or(std::move(default_job));
  if (job.empty()) return Failure{"no job is named", "give '--job NAME'"};
  return GroupingKey::make(std::move(job), std::move(labels));
}

void warn_of_high_cardinality(const GroupingKey& group, const GroupOptions& options, const Console& console) {
  warn_of_line_ends(group, console);
  if (options.allow_high_cardinality) return;
  std::string names;
  for (const Label& label : group.labels()) {
    if (!is_unbounded(label)) continue;
    names.append(names.empty() ? "" : ", ").append(label.name);
  }
  if (names.empty()) return;
  console.warn(concat({"label ", names,
                       " looks as if each run had another value: the gateway keeps every such group "
                       "for ever, and Prometheus a series for each"}),
               "leave the label out, or give --allow-high-cardinality");
}

}  // namespace pushmetrics
