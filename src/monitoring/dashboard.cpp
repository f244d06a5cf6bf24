#include "monitoring/dashboard.hpp"

#include "monitoring/kubernetes.hpp"
#include "support/text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <initializer_list>
#include <string_view>
#include <utility>
#include <vector>

namespace pushmetrics {
namespace {

using Json = nlohmann::ordered_json;

/// Grafana's grid: 24 columns; a row is 30 pixels high.
constexpr int columns = 24;

/// The label of a job in Prometheus. A scrape of node_exporter names it so, unless it honors labels.
std::string_view job_label(Source source) { return source == Source::textfile ? "exported_job" : "job"; }

MetricPrefix prefix_of(const DashboardOptions& options) {
  return options.prefix ? MetricPrefix::of_option(options.prefix) : MetricPrefix::of_jobs("${prefix}");
}

std::string matchers(Source source) {
  return concat({job_label(source), R"(=~"$job",instance=~"$instance")"});
}

struct Tile {
  std::string_view title;
  std::string expr;
  std::string_view description;
  std::string_view colour;  // of a count above zero; red is bad, and zero then green
};

struct Column {
  std::string_view title;
  std::string expr;
  Json properties;  // of the field, as Grafana's overrides have them
};

/// The one that is chosen at the top of the dashboard.
Json datasource() { return {{"type", "prometheus"}, {"uid", "${datasource}"}}; }

Json property(std::string_view id, Json value) { return {{"id", id}, {"value", std::move(value)}}; }

Json value_names(std::initializer_list<std::array<std::string_view, 3>> names) {
  Json options = Json::object();
  for (const auto& [value, text, colour] : names)
    options[std::string(value)] = {{"text", text}, {"color", colour}, {"index", options.size()}};
  return Json::array({{{"type", "value"}, {"options", options}}});
}

Json result_names() {
  return value_names(
      {{"0", "failed", "red"}, {"1", "succeeded", "green"}, {"2", "interrupted", "dark-orange"}});
}

/// The query of a target; a reference is a letter that is unique in its panel.
Json target(std::size_t index, const std::string& expr) {
  return {{"refId", std::string(1, static_cast<char>('A' + index))},
          {"datasource", datasource()},
          {"expr", expr},
          {"editorMode", "code"}};
}

Json instant(Json target, std::string_view format) {
  target.update({{"instant", true}, {"range", false}, {"format", format}});
  return target;
}

/// `__auto` names a line by all of its labels: a legend of job and instance alone could not tell production
/// from staging.
Json over_time(Json target) {
  target.update({{"instant", false}, {"range", true}, {"format", "time_series"}, {"legendFormat", "__auto"}});
  return target;
}

class Dashboard {
 public:
  /// Puts a panel to the right of the one before it, or into a new row when there is no room.
  Json& add(std::string_view type, std::string_view title, std::string_view description, int width,
            int height) {
    if (x_ + width > columns) {
      x_ = 0;
      y_ += row_height_;
      row_height_ = 0;
    }
    panels_.push_back({{"id", panels_.size() + 1},
                       {"type", type},
                       {"title", title},
                       {"description", description},
                       {"datasource", datasource()},
                       {"gridPos", {{"h", height}, {"w", width}, {"x", x_}, {"y", y_}}}});
    x_ += width;
    row_height_ = std::max(row_height_, height);
    return panels_.back();
  }

  int rest_of_row() const { return columns - x_; }
  const Json& panels() const { return panels_; }

 private:
  Json panels_ = Json::array();
  int x_ = 0;
  int y_ = 0;
  int row_height_ = 0;
};

std::string count(const std::string& expr) { return concat({"count(", expr, ") or vector(0)"}); }

std::vector<Tile> tiles(const RunQueries& queries) {
  std::vector<Tile> tiles{
      {"Failing", count(queries.result() + " == 0"), "Jobs whose last run failed.", "red"},
      {"Interrupted", count(queries.result() + " == 2"),
       "Jobs whose last run ended without anyone observing its end: it was killed together with pushmetrics.",
       "red"},
      {"Out of memory", count(queries.of_jobs(run_metric::oom_kills, " > 0")),
       "Jobs of whose last run the kernel killed a process for lack of memory.", "red"},
      {"Overdue", count(queries.overdue(1)),
       "Jobs that have missed a run. With --schedule: the run that was due has not ended, and the grace is "
       "over. With --expect-every: the last success is older than the interval and a quarter of it.",
       "red"},
      {"Never succeeded", count(queries.never_succeeded()), "Jobs that have run, but never with success.",
       "red"},
      {"Running", count(queries.of_jobs(run_metric::running, " == 1")),
       "Jobs run with --notify-start or --heartbeat that are running now.", "blue"},
  };
  if (queries.source() == Source::pushgateway)
    tiles.push_back({"Failed pushes", count(queries.failed_pushes()),
                     "Groups whose last push failed; the gateway shows the values of the push before.",
                     "red"});
  if (queries.is_scraped())
    tiles.push_back({"Jobs", count(queries.latest(run_metric::start)),
                     "Jobs with a group on the gateway, or a textfile.", "text"});
  return tiles;
}

void add_tile(Dashboard& dashboard, const Tile& tile, int width) {
  Json& panel = dashboard.add("stat", tile.title, tile.description, width, 4);
  panel["targets"] = Json::array({instant(target(0, tile.expr), "time_series")});
  const Json steps = Json::array({{{"color", tile.colour == "red" ? "green" : "text"}, {"value", nullptr}},
                                  {{"color", tile.colour}, {"value", 1}}});
  panel["fieldConfig"] = {
      {"defaults", {{"unit", "none"}, {"thresholds", {{"mode", "absolute"}, {"steps", steps}}}}},
      {"overrides", Json::array()}};
  panel["options"] = {{"colorMode", "value"},
                      {"graphMode", "none"},
                      {"reduceOptions", {{"calcs", Json::array({"lastNotNull"})}, {"values", false}}}};
}

/// Arithmetic drops the metric's name, which would keep the columns of a job from being merged into a row.
/// Grafana wants points of time in milliseconds.
std::vector<Column> table_columns(const RunQueries& queries) {
  const auto value = [&](const RunMetric& metric) { return "1 * " + queries.of_jobs(metric); };
  const auto point_of_time = [&](const RunMetric& metric) { return "1000 * " + queries.of_jobs(metric); };
  const Json coloured = property("custom.displayMode", "color-text");
  const Json time_unit = property("unit", "dateTimeFromNow");
  return {
      {"Last result", queries.result(), Json::array({property("mappings", result_names()), coloured})},
      {"Exit status", value(run_metric::exit_code), Json::array({property("decimals", 0)})},
      {"Failed in a row", value(run_metric::consecutive_failures), Json::array({property("decimals", 0)})},
      {"Last success", point_of_time(run_metric::last_success), Json::array({time_unit})},
      {"Last completion", point_of_time(run_metric::last_completion), Json::array({time_unit})},
      {"Duration", value(run_metric::duration), Json::array({property("unit", "s")})},
      {"Next expected",
       concat({"1000 * (", queries.latest(run_metric::next_run), "\n  or ", queries.latest(run_metric::start),
               " + ", queries.latest(run_metric::expected_interval), ")"}),
       Json::array({time_unit})},
      {"OOM kills", value(run_metric::oom_kills), Json::array({property("decimals", 0)})},
      {"Running", value(run_metric::running),
       Json::array(
           {property("mappings", value_names({{"0", "no", "text"}, {"1", "yes", "blue"}})), coloured})},
  };
}

void add_table(Dashboard& dashboard, const RunQueries& queries) {
  Json& panel =
      dashboard.add("table", "State of every job",
                    "The last run of each group. \"Next expected\" is for jobs run with --schedule or "
                    "--expect-every, \"Failed in a row\" for those run with --count.",
                    columns, 10);
  Json targets = Json::array();
  Json names = Json::object();
  Json order = {{job_label(queries.source()), 0}, {"instance", 1}};
  Json overrides = Json::array();
  for (const Column& column : table_columns(queries)) {
    const Json query = instant(target(targets.size(), column.expr), "table");
    const std::string field = "Value #" + query["refId"].get<std::string>();
    targets.push_back(query);
    names[field] = column.title;
    // Grouping labels other than these, which differ from site to site, come last.
    order[field] = order.size();
    overrides.push_back(
        {{"matcher", {{"id", "byName"}, {"options", column.title}}}, {"properties", column.properties}});
  }
  panel["targets"] = targets;
  panel["transformations"] = Json::array(
      {{{"id", "merge"}, {"options", Json::object()}},
       {{"id", "organize"},
        {"options",
         {{"excludeByName", {{"Time", true}}}, {"indexByName", order}, {"renameByName", names}}}}});
  panel["fieldConfig"] = {{"defaults", {{"custom", {{"filterable", true}}}}}, {"overrides", overrides}};
  panel["options"] = {{"showHeader", true},
                      {"sortBy", Json::array({{{"displayName", "Last result"}, {"desc", false}}})}};
}

/// A gauge that is scraped is a staircase; one that is written once a run is a point a run.
std::string history(const RunQueries& queries, const RunMetric& metric) {
  if (queries.is_scraped()) return queries.of_jobs(metric);
  return queries.written_within(metric, "$__interval");
}

void add_results(Dashboard& dashboard, const RunQueries& queries) {
  Json& panel = dashboard.add("state-timeline", "Results over time",
                              "How the newest run at each point of time had ended.", columns, 8);
  panel["targets"] = Json::array({over_time(target(0, queries.result()))});
  panel["fieldConfig"] = {{"defaults", {{"mappings", result_names()}, {"custom", {{"fillOpacity", 80}}}}},
                          {"overrides", Json::array()}};
  panel["options"] = {{"mergeValues", true}, {"showValue", "never"}, {"rowHeight", 0.8}};
}

void add_graph(Dashboard& dashboard, const RunQueries& queries, std::string_view title,
               std::string_view description, std::string_view unit, const std::vector<std::string>& exprs) {
  Json& panel = dashboard.add("timeseries", title, description, columns / 2, 9);
  Json targets = Json::array();
  for (const std::string& expr : exprs) targets.push_back(over_time(target(targets.size(), expr)));
  panel["targets"] = targets;
  const bool staircase = queries.is_scraped();
  const Json custom = {{"drawStyle", "line"},
                       {"lineInterpolation", staircase ? "stepAfter" : "linear"},
                       {"showPoints", staircase ? "never" : "always"},
                       {"spanNulls", !staircase}};
  panel["fieldConfig"] = {{"defaults", {{"unit", unit}, {"min", 0}, {"custom", custom}}},
                          {"overrides", Json::array()}};
  panel["options"] = {{"legend", {{"displayMode", "list"}, {"placement", "bottom"}}},
                      {"tooltip", {{"mode", "multi"}, {"sort", "desc"}}}};
}

void add_graphs(Dashboard& dashboard, const RunQueries& queries) {
  add_graph(dashboard, queries, "Duration", "Wall time of each run.", "s",
            {{history(queries, run_metric::duration)}});
  add_graph(dashboard, queries, "Failing jobs",
            "Jobs whose newest run, at each point of time, had failed or was interrupted.", "none",
            {{count(queries.result() + " != 1")}});
  add_graph(dashboard, queries, "CPU time", "Of each run, descendants included: user and system.", "s",
            {{history(queries, run_metric::cpu_user)}, {history(queries, run_metric::cpu_system)}});
  add_graph(dashboard, queries, "Largest resident memory", "Of the largest process of each run.", "bytes",
            {{history(queries, run_metric::max_resident_memory)}});
}

/// A variable with several values that can be chosen.
Json query_variable(std::string_view name, std::string_view label, const std::string& query) {
  return {
      {"type", "query"},
      {"name", name},
      {"label", label},
      {"datasource", datasource()},
      {"definition", query},
      {"query", {{"query", query}, {"refId", "StandardVariableQuery"}}},
      {"refresh", 2},  // when the time range changes
      {"sort", 1},
      {"multi", true},
      {"includeAll", true},
      {"current", {{"selected", true}, {"text", Json::array({"All"})}, {"value", Json::array({"$__all"})}}}};
}

/// The prefixes that there are. "All" is then each of them, not every name that ends as a job's metric does.
Json prefix_variable(const DashboardOptions& options) {
  const RunQueries every =
      *RunQueries::make(MetricPrefix::of_option({}), {}, options.source, options.lookback);
  const std::string query =
      every.is_scraped()
          ? concat({"label_values(", every.selector(run_metric::last_completion), ", __name__)"})
          : concat({"query_result(count by (__name__) (", every.newest(run_metric::last_completion), "))"});
  Json variable = query_variable("prefix", "prefix", query);
  variable["regex"] = concat({"/^(.+)", run_metric::last_completion.name, "/"});
  return variable;
}

/// "All" matches what has no such label, too.
Json label_variable(std::string_view name, std::string_view label, const std::string& selector) {
  Json variable = query_variable(name, name, concat({"label_values(", selector, ", ", label, ")"}));
  variable["allValue"] = ".*";
  return variable;
}

Json variables(const DashboardOptions& options) {
  const auto completions = [&](std::vector<std::string> matchers) {
    return RunQueries::make(prefix_of(options), std::move(matchers), options.source, options.lookback)
        ->selector(run_metric::last_completion);
  };
  const std::string_view job = job_label(options.source);
  Json list = Json::array({{{"type", "datasource"},
                            {"name", "datasource"},
                            {"label", "data source"},
                            {"query", "prometheus"},
                            {"refresh", 1},
                            {"current", Json::object()}}});
  if (!options.prefix) list.push_back(prefix_variable(options));
  list.push_back(label_variable("job", job, completions({})));
  list.push_back(label_variable("instance", "instance", completions({concat({job, "=~\"$job\""})})));
  return list;
}

/// Stable, so that importing it again replaces it, yet another for another prefix. Grafana allows 40
/// characters of `[A-Za-z0-9_-]`.
std::string uid(const DashboardOptions& options) {
  std::string uid = options.source == Source::pushgateway ? "pushmetrics-"
                    : options.source == Source::textfile  ? "pushmetrics-tf-"
                                                          : "pushmetrics-rw-";
  uid += options.prefix.value_or("all");
  std::replace(uid.begin(), uid.end(), ':', '-');
  if (uid.size() > 40) uid.resize(40);
  return uid;
}

}  // namespace

Result<std::string> grafana_dashboard(const DashboardOptions& options) {
  const auto queries =
      RunQueries::make(prefix_of(options), {matchers(options.source)}, options.source, options.lookback);
  if (!queries) return Failure{queries.error()};

  Dashboard dashboard;
  const std::vector<Tile> counts = tiles(*queries);
  const int width = columns / static_cast<int>(counts.size());
  for (const Tile& tile : counts)
    add_tile(dashboard, tile, &tile == &counts.back() ? dashboard.rest_of_row() : width);
  add_table(dashboard, *queries);
  add_results(dashboard, *queries);
  add_graphs(dashboard, *queries);

  const std::string which = options.prefix ? concat({" (", *options.prefix, ")"}) : "";
  const Json document = {{"uid", uid(options)},
                         {"title", concat({"Jobs run under pushmetrics", which})},
                         {"description", "As `pushmetrics dashboard` prints it."},
                         {"tags", Json::array({"pushmetrics", "jobs"})},
                         {"schemaVersion", 37},
                         {"version", 1},
                         {"editable", true},
                         {"graphTooltip", 1},
                         {"refresh", "1m"},
                         {"time", {{"from", "now-7d"}, {"to", "now"}}},
                         {"timezone", ""},
                         {"templating", {{"list", variables(options)}}},
                         {"annotations", {{"list", Json::array()}}},
                         {"panels", dashboard.panels()}};
  const std::string text = document.dump(2) + "\n";
  if (options.format == DashboardOptions::Format::grafana) return text;
  const std::string name = kubernetes_name(uid(options));
  return concat({"# The sidecar of Grafana's Helm chart reads ConfigMaps that have this label.\n",
                 "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ", name,
                 "\n  labels:\n    grafana_dashboard: \"1\"\ndata:\n  ", name, ".json: |-\n",
                 indented(text, 4)});
}

}  // namespace pushmetrics
