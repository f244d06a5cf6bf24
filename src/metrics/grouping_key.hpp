#pragma once

#include "metrics/family.hpp"
#include "support/result.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pushmetrics {

/// What names a group in a Pushgateway: the job and further labels. Always fit to be sent: the job is not
/// empty, label names are valid and unique, values are UTF-8, and there is no empty `instance`
/// (PROTOCOL.md, hazards 1 and 2).
class GroupingKey {
 public:
  /// An empty `instance` among `labels` is left out; a name given twice keeps its last value; the order of
  /// `labels` does not matter.
  static Result<GroupingKey> make(std::string job, std::vector<Label> labels = {});

  const std::string& job() const { return job_; }
  /// All but the job, sorted by name.
  const std::vector<Label>& labels() const { return labels_; }
  /// The value of a label, `job` included.
  std::optional<std::string_view> value(std::string_view name) const;

  /// `own` with the group's labels, the job among them, in place of those of the same name, as Pushgateway
  /// stores them; sorted by name.
  std::vector<Label> apply_to(std::vector<Label> own) const;

  /// `/metrics/job/<job>{/<name>/<value>}`, encoded so that every value arrives as it is (PROTOCOL.md,
  /// "Grouping key in the URL").
  std::string url_path() const;
  /// `job="backup",instance="db1"`: for messages and tables, and as an identity, since it is unambiguous.
  std::string to_string() const;

  bool operator==(const GroupingKey&) const = default;

 private:
  GroupingKey() = default;

  std::string job_;
  std::vector<Label> labels_;
};

/// Appends `/<name>/<value>`, the value encoded so that it arrives as it is, whatever its bytes.
void append_path_segment(std::string& path, std::string_view name, std::string_view value);

}  // namespace pushmetrics
