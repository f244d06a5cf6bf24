#pragma once

#include "pushgateway/group_snapshot.hpp"
#include "support/result.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pushmetrics {

/// Parses the response to GET /api/v1/metrics piece by piece (PROTOCOL.md, "API"). Holds only one group's
/// text at a time, and a GroupSnapshot of each group.
class GroupListParser {
 public:
  /// Maximum size of one group's text, in bytes.
  static constexpr std::size_t group_limit = std::size_t{256} << 20;
  /// Maximum size of all text outside of groups.
  static constexpr std::size_t envelope_limit = std::size_t{16} << 20;

  /// `prefix` is that of the metrics of `pushmetrics run`: `job_`.
  explicit GroupListParser(std::string prefix);
  /// Keeps only the group of these labels.
  GroupListParser(std::string prefix, GroupLabels only);

  /// Parses the next piece. False if this is not such a response; finish() returns the reason.
  bool take(std::string_view piece);

  /// Those that were read up to now.
  const std::vector<GroupSnapshot>& read_so_far() const { return groups_; }

  /// The groups, once the answer has ended, in the gateway's order. An error unless it was read whole.
  Result<std::vector<GroupSnapshot>> finish();

 private:
  /// Position of the next byte in the document. A group begins at depth 2.
  struct Nesting {
    std::size_t depth = 0;
    bool in_string = false, escaped = false;
    /// False if there is a closing bracket too many.
    bool take(char c);
  };
  static constexpr std::size_t depth_of_groups = 2;

  void take_envelope(std::string_view& piece);
  void take_group(std::string_view& piece);
  bool read_group();
  bool fail(std::string why);

  std::string prefix_;
  std::optional<GroupLabels> only_;
  /// The document with a 0 for each group: small, and checked as a whole.
  std::string envelope_;
  std::string group_;
  std::vector<GroupSnapshot> groups_;
  Nesting nesting_;
  bool in_group_ = false;
  std::string error_;
};

}  // namespace pushmetrics
