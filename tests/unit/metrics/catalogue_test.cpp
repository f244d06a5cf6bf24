#include "metrics/catalogue.hpp"

#include "support/text.hpp"

#include <doctest/doctest.h>

#include <cctype>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

using namespace pushmetrics;

namespace {

std::string read_document(const std::string& path) {
  std::ifstream file(std::string(PUSHMETRICS_SOURCE_DIR "/") + path);
  REQUIRE(file);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

/// What a table says about each metric, by its name without the prefix.
using Table = std::map<std::string, std::string>;

void add_names(Table& table, std::string_view names, const std::string& description) {
  constexpr std::string_view prefix = "job_";
  for (std::size_t at = names.find(prefix); at != std::string_view::npos; at = names.find(prefix, at)) {
    at += prefix.size();
    std::size_t end = at;
    while (end < names.size() && (std::isalnum(static_cast<unsigned char>(names[end])) || names[end] == '_'))
      ++end;
    CHECK(table.emplace(names.substr(at, end - at), description).second);
  }
}

/// Rows begin with the names: | `job_a`, `job_b` | description |
Table readme_table() {
  Table table;
  std::istringstream lines(read_document("README.md"));
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("| `job_")) continue;
    const std::size_t end = line.find('|', 1);
    add_names(table, line.substr(0, end), line.substr(end));
  }
  return table;
}

/// Entries begin with the names: .It Li job_a , job_b
Table manual_table() {
  Table table;
  std::istringstream lines(read_document("man/pushmetrics-run.1"));
  std::string names;
  std::string description;
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    const bool is_section = line.starts_with(".Sh ");
    if (inside && (is_section || line.starts_with(".It "))) {
      add_names(table, names, description);
      names = line;
      description.clear();
    } else {
      description += line + "\n";
    }
    if (is_section) inside = line == ".Sh METRICS";
  }
  return table;
}

void check_table(const Table& table, std::string_view dashes) {
  std::set<std::string> documented;
  for (const auto& [name, description] : table) documented.insert(name);
  std::set<std::string> known;
  for (const RunMetric& metric : run_metrics) known.emplace(metric.name);
  CHECK(documented == known);
  for (const RunMetric& metric : run_metrics) {
    CAPTURE(metric.name);
    const auto row = table.find(std::string(metric.name));
    if (row == table.end()) continue;
    for (const std::string_view option : split(metric.options, " ")) {
      CAPTURE(option);
      CHECK(row->second.find(concat({dashes, option.substr(2)})) != std::string::npos);
    }
    if (metric.when == RunMetric::When::on_success)
      CHECK(row->second.find("only on success") != std::string::npos);
  }
}

}  // namespace

TEST_CASE("the metrics table of the README is the catalogue") { check_table(readme_table(), "--"); }

TEST_CASE("the metrics table of the man page is the catalogue") { check_table(manual_table(), "Fl -"); }

TEST_CASE("a catalogue entry has a name of its own and a sentence, and an option where it depends on one") {
  std::set<std::string_view> names;
  for (const RunMetric& metric : run_metrics) {
    CAPTURE(metric.name);
    CHECK(names.insert(metric.name).second);
    CHECK(is_valid_metric_name(metric.full_name("job_")));
    CHECK(metric.help.ends_with('.'));
    CHECK(metric.name.ends_with("_total") == (metric.type == MetricType::counter));
    const bool needs_option =
        metric.when == RunMetric::When::with_option || metric.when == RunMetric::When::without_option;
    CHECK(needs_option != metric.options.empty());
  }
}

TEST_CASE("every name of the catalogue is reserved under the run's prefix only") {
  for (const RunMetric& metric : run_metrics) {
    CHECK(is_reserved_name(metric.full_name("backup_"), "backup_"));
    CHECK_FALSE(is_reserved_name(metric.full_name("job_"), "backup_"));
    CHECK_FALSE(is_reserved_name(metric.name, "job_"));
  }
  CHECK_FALSE(is_reserved_name("job_rows", "job_"));
}
