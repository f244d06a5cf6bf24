#pragma once

#include "pushgateway/group_snapshot.hpp"
#include "support/result.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pushmetrics {

/// Reads what a Pushgateway answers to GET /api/v1/metrics, piece by piece (PROTOCOL.md, "API"). Of the
/// answer it keeps one group's text at a time, and what GroupSnapshot says of each group.
class GroupListParser {
 public:
  /// What one group's text may come to, in bytes.
  static constexpr std::size_t group_limit = std::size_t{256} << 20;
  /// What all may come to that does not belong to a group.
  static constexpr std::size_t envelope_limit = std::size_t{16} << 20;

  /// `prefix` begins the names of the metrics of `pushmetrics run`: `job_`.
  explicit GroupListParser(std::string prefix);
  /// Keeps only the group of these labels.
  GroupListParser(std::string prefix, GroupLabels only);

  /// Takes the next piece. False: it is not such an answer, and finish() says why.
  bool take(std::string_view piece);

  /// Those that were read up to now.
  const std::vector<GroupSnapshot>& read_so_far() const { return groups_; }

  /// The groups, once the answer has ended, in the gateway's order. An error unless it was read whole.
  Result<std::vector<GroupSnapshot>> finish();

 private:
  /// Where in the document the next byte stands. A group is what begins at depth 2.
  struct Nesting {
    std::size_t depth = 0;
    bool in_string = false, escaped = false;
    /// False: a bracket too many closes.
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
