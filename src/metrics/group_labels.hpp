#pragma once

#include "metrics/grouping_key.hpp"

#include <compare>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pushmetrics {

/// The grouping key exactly as a gateway stores it, which identifies the group in a DELETE. Unlike a
/// GroupingKey it may be invalid for a push: with an empty `instance`, or bytes that are not UTF-8.
class GroupLabels {
 public:
  GroupLabels() = default;
  /// `labels` includes the job, in any order; if a name is repeated, the last one is used.
  explicit GroupLabels(std::vector<Label> labels);
  explicit GroupLabels(const GroupingKey& key);

  /// The job first, the others sorted by name.
  const std::vector<Label>& labels() const { return labels_; }
  bool empty() const { return labels_.empty(); }
  std::string_view job() const { return value("job").value_or(""); }
  std::optional<std::string_view> value(std::string_view name) const;

  GroupLabels without(std::string_view name) const;
  GroupLabels with(Label label) const;

  /// `/metrics/job/<job>{/<name>/<value>}`, which selects exactly this group (PROTOCOL.md, "Grouping key in
  /// the URL").
  std::string url_path() const;
  /// `job="backup",instance="db1"`, safe to print: bytes that are not printable UTF-8 are written `\xff`.
  std::string to_string() const;
  /// The options of `pushmetrics delete` that select this group, quoted for a shell.
  std::string as_options() const;

  bool operator==(const GroupLabels&) const = default;
  auto operator<=>(const GroupLabels&) const = default;

 private:
  std::vector<Label> labels_;
};

}  // namespace pushmetrics
