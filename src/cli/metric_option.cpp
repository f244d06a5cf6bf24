#include "cli/metric_option.hpp"

#include "formats/exposition_parser.hpp"
#include "support/text.hpp"

#include <utility>

namespace pushmetrics {
namespace {

/// What begins otherwise may be a comment, or nothing.
bool begins_like_a_sample(std::string_view text) {
  const std::string_view start = trim(text).substr(0, 1);
  return start == "{" || is_valid_metric_name(start);
}

/// The samples as exposition text, so that one parser knows what a metric is.
Result<std::string> as_exposition(const std::vector<std::string>& values) {
  std::string text;
  for (const std::string& value : values) {
    const std::size_t equals = value.rfind('=');
    if (equals == std::string::npos || value.ends_with('}') || value.find('\n') != std::string::npos ||
        !begins_like_a_sample(value))
      return Failure{
          concat({"invalid metric ", in_quotes(value), ": write NAME=VALUE or NAME{label=\"x\"}=VALUE"})};
    text.append(value, 0, equals).append(" ").append(value, equals + 1).append("\n");
  }
  return text;
}

}  // namespace

Store into_metrics(std::vector<Family>& place) {
  return [&place](const std::vector<std::string>& values) -> Stored {
    const auto text = as_exposition(values);
    if (!text) return Failure{text.error()};
    ParsedFamilies parsed = parse_families(*text);
    for (const Diagnostic& diagnostic : parsed.diagnostics)
      if (diagnostic.severity == Severity::error)
        return Failure{concat({"invalid metric ", in_quotes(values.at(diagnostic.position.line - 1)), ": ",
                               diagnostic.message})};
    for (Family& family : parsed.families) family.type = MetricType::gauge;
    place = std::move(parsed.families);
    return {};
  };
}

}  // namespace pushmetrics
