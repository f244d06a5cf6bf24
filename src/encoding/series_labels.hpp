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
/// Whether a family of the type has its bounds in this label.
bool is_bound(MetricType type, std::string_view label);
/// series_labels() as a scrape has them: of a family of the type, with such a bound.
std::vector<Label> scraped_series(MetricType type, const Sample& sample);
/// Writes the bounds of such a family's samples in this way.
void use_scraped_bounds(MetricType type, std::vector<Label>& labels);

/// `x{a="b"}`, safe to print.
std::string series_words(const Sample& sample);

/// Why these two, of one scraped series, cannot both be pushed.
std::string same_series_words(const Sample& first, const Sample& second);

/// Two samples that would be stored as one series because they differ in empty labels only, or have the same bound;
/// empty if none.
std::string same_series_problem(const Family& family);

}  // namespace pushmetrics
