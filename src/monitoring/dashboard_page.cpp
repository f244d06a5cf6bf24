#include "monitoring/dashboard_page.hpp"

#include "metrics/catalogue.hpp"
#include "monitoring/promql.hpp"
#include "support/text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace pushmetrics {
namespace {

constexpr std::string_view config_begin = R"(<script type="application/json" id="config">)";

/// The start of a URL, as a browser can ask it. A login would be readable in the page, and browsers reject it.
Result<std::string> server_address(std::string_view text) {
  const std::string_view given = text;
  const std::size_t scheme = text.starts_with("http://") ? 7 : text.starts_with("https://") ? 8 : 0;
  const auto is_unusable = [](char c) {
    return static_cast<unsigned char>(c) <= ' ' ||
           std::string_view("\"<>\\^`{|}?#").find(c) != std::string_view::npos;
  };
  while (text.ends_with('/')) text.remove_suffix(1);
  if (scheme == 0 || text.size() <= scheme || text[scheme] == '/' || std::ranges::any_of(text, is_unusable))
    return Failure{
        concat({"invalid server ", in_quotes(printable(given)), ": write http://HOST:PORT or https://HOST"})};
  const std::string_view host = text.substr(scheme, text.find('/', scheme) - scheme);
  if (host.find('@') != std::string_view::npos)
    return Failure{"--server must not contain a login: whoever reads the page could read it"};
  return std::string(text);
}

/// Within an element of the page, where `</script` or `<!--` would end it, or change how it is read.
std::string to_element_text(const nlohmann::ordered_json& value) {
  std::string text;
  for (const char c : value.dump()) {
    if (c == '<')
      text += "\\u003c";
    else
      text += c;
  }
  return text;
}

std::string_view to_string(Source source) {
  switch (source) {
    case Source::pushgateway: return "pushgateway";
    case Source::textfile: return "textfile";
    case Source::remote_write: return "remote-write";
  }
  return "";
}

}  // namespace

Result<std::string> dashboard_page(const DashboardOptions& options) {
  const auto queries =
      RunQueries::make(MetricPrefix::of_option(options.prefix), {}, options.source, options.lookback);
  if (!queries) return Failure{queries.error()};
  nlohmann::ordered_json config{{"source", to_string(options.source)},
                                {"lookback", promql_duration(queries->lookback())}};
  if (options.prefix) config["prefix"] = *options.prefix;
  for (const RunMetric& metric : run_metrics) config["metrics"].push_back(metric.name);
  if (!options.server.empty()) {
    const auto server = server_address(options.server);
    if (!server) return Failure{server.error()};
    config["server"] = *server;
  }
  const std::size_t place = dashboard_page_text.find(config_begin) + config_begin.size();
  constexpr std::string_view empty = "{}";
  return concat({dashboard_page_text.substr(0, place), to_element_text(config),
                 dashboard_page_text.substr(place + empty.size())});
}

}  // namespace pushmetrics
