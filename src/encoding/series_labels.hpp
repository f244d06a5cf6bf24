#pragma once

#include "metrics/family.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace pushmetrics {

/// The identity of a stored series: its labels by name, the metric's name as `__name__`, without empty
/// labels, which Prometheus treats as missing.
std::vector<Label> series_labels(const Sample& sample);

/// The bound of a bucket or a quantile as Prometheus writes it when it scrapes: as the shortest float, with a digit after
/// the point (`1.0`, `0.25`, `1e+06`, `+Inf`). It is a part of the series' identity.
std::string scraped_bound(std::string_view number);
/// Writes the bounds of such a family's samples in this way.
void use_scraped_bounds(MetricType type, std::vector<Label>& labels);

/// `x{a="b"}`, safe to print.
std::string series_words(const Sample& sample);

/// Two samples that would be stored as one series because they differ in empty labels only; empty if none.
std::string same_series_problem(const Family& family);

}  // namespace pushmetrics
