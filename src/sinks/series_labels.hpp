#pragma once

#include "metrics/family.hpp"

#include <string>
#include <vector>

namespace pushmetrics {

/// The identity of a stored series: its labels by name, the metric's name as `__name__`, without empty
/// labels, which Prometheus treats as missing.
std::vector<Label> series_labels(const Sample& sample);

/// `x{a="b"}`, safe to print.
std::string series_words(const Sample& sample);

/// Two samples that would be stored as one series because they differ in empty labels only; empty if none.
std::string same_series_problem(const Family& family);

}  // namespace pushmetrics
