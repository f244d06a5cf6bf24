#pragma once

#include "metrics/group_labels.hpp"
#include "pushgateway/group_snapshot.hpp"

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <utility>

namespace pushmetrics {

/// Which groups of a list are wanted, and how much memory they may take. A gateway can hold, or send, any number.
struct GroupQuery {
  /// Of the metrics of `pushmetrics run`; none: any.
  std::optional<std::string> prefix = std::nullopt;
  /// Whether a group is kept; null: all are, without their series.
  std::function<bool(const GroupSnapshot&)> keep = nullptr;
  /// There is only one, so that nothing behind it needs to be read.
  bool is_single = false;
  /// Whether GroupSnapshot::contents is wanted.
  bool with_contents = false;
  /// Maximum size of one group's text, in bytes. A larger group is skipped if only some are wanted, and an error if
  /// all are.
  std::size_t group_limit = std::size_t{64} << 20;
  /// Maximum memory for all groups that are kept, in bytes.
  std::size_t kept_limit = std::size_t{128} << 20;

  /// For what a run does beside its job, in a container that may have little memory.
  static GroupQuery some(std::string prefix, std::function<bool(const GroupSnapshot&)> keep) {
    constexpr std::size_t little = std::size_t{4} << 20;
    return {std::move(prefix), std::move(keep), false, false, little, little};
  }
  static GroupQuery single(std::string prefix, GroupLabels labels) {
    GroupQuery query = some(std::move(prefix), [labels = std::move(labels)](const GroupSnapshot& group) {
      return group.labels == labels;
    });
    query.is_single = true;
    return query;
  }
  static GroupQuery contents(std::string prefix, GroupLabels labels) {
    GroupQuery query = single(std::move(prefix), std::move(labels));
    query.with_contents = true;
    return query;
  }
};

}  // namespace pushmetrics
