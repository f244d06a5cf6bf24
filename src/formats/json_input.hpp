#pragma once

#include "metrics/diagnostic.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace pushmetrics {

class GroupingKey;

/// What was read, and what is wrong with it, by position. Without any error the text can be sent.
struct JsonMetrics {
  /// Where a family begins in the text, and in the JSON.
  struct Place {
    std::size_t line;
    Position position;
  };
  std::string text;
  std::vector<Place> places;  ///< of all families, in the order of the text
  std::vector<Diagnostic> diagnostics;

  /// The first entry of the family that a line of the text is about.
  Position origin(std::size_t line) const;
};

/// Metrics written as JSON (pushmetrics(1), INPUT):
///
///     {"records": 5, "ok": true, "size_bytes": {"value": 2e9, "type": "gauge", "help": "…", "labels": {"db":
///     "a"}}}
///     [{"name": "records", "value": 5, "labels": {"shard": 1}}, {"name": "records", "value": 7, "labels":
///     {"shard": 2}}]
///
/// - A value is a number, a bool (1 or 0), or a string for what JSON has no number for: NaN, Inf, +Inf, -Inf,
///   Infinity, in any case.
/// - A type is counter, gauge or untyped. Without one a metric is a gauge: that is what a batch job pushes
///   (PROTOCOL.md, "Good practice of the field"), and one untyped push of a name has the Pushgateway refuse
///   every later gauge of it.
/// - A label's value is a string; a number or bool counts as it is spelled.
/// - Entries of one name are one family and need different labels. Type and help may be given in any of them,
///   and must not differ.
///
/// Everything else is an error with its place. After a syntax error nothing more is read. `group`, where
/// known, is what the metrics will be pushed to: its labels replace the entries' own, which must differ all
/// the same.
JsonMetrics parse_json_metrics(std::string_view text, const GroupingKey* group = nullptr);

}  // namespace pushmetrics
