#pragma once

#include "metrics/family.hpp"

#include <string>
#include <vector>

namespace pushmetrics {

/// What tells a series from others where it is stored: its labels by name, the metric's own as `__name__`,
/// without those that are empty, since to Prometheus an empty label is none.
std::vector<Label> series_labels(const Sample& sample);

/// `x{a="b"}`, as it is written, fit for a message.
std::string series_words(const Sample& sample);

/// Which two samples would be stored as one series, for their labels differ in empty ones only; empty: none.
std::string same_series_problem(const Family& family);

}  // namespace pushmetrics
