#pragma once

#include "metrics/family.hpp"
#include "support/result.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pushmetrics {

/// The identity of a group in a Pushgateway: the job and further labels. Always valid for a push: the job is
/// not empty, label names are valid and unique, values are UTF-8, and there is no empty `instance`
/// (PROTOCOL.md, hazards 1 and 2).
class GroupingKey {
 public:
  /// Drops an empty `instance` from `labels`; if a name is repeated, the last value is used. The order of
  /// `labels` does not matter.
  static Result<GroupingKey> make(std::string job, std::vector<Label> labels = {});

  const std::string& job() const { return job_; }
  /// All except the job, sorted by name.
  const std::vector<Label>& labels() const { return labels_; }
  /// The value of a label, including `job`.
  std::optional<std::string_view> value(std::string_view name) const;

  /// `own`, with the group's labels (including the job) replacing those of the same name, as Pushgateway
  /// stores them; sorted by name.
  std::vector<Label> apply_to(std::vector<Label> own) const;

  /// `/metrics/job/<job>{/<name>/<value>}`, encoded so that every value arrives unchanged (PROTOCOL.md,
  /// "Grouping key in the URL").
  std::string url_path() const;
  /// `job="backup",instance="db1"`, for messages and tables. Unambiguous, so it also serves as an identity.
  std::string to_string() const;

  bool operator==(const GroupingKey&) const = default;

 private:
  GroupingKey() = default;

  std::string job_;
  std::vector<Label> labels_;
};

/// Appends `/<name>/<value>`, encoded so that any bytes arrive unchanged.
void append_path_segment(std::string& path, std::string_view name, std::string_view value);

}  // namespace pushmetrics
