#pragma once

#include "pushgateway/group_query.hpp"
#include "pushgateway/group_snapshot.hpp"
#include "support/result.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pushmetrics {

/// Parses the response to GET /api/v1/metrics piece by piece (PROTOCOL.md, "API"). Holds only one group's
/// text at a time, a GroupSnapshot of each group that is wanted, and eight bytes for each other.
class GroupListParser {
 public:
  /// Maximum size of all text outside of groups.
  static constexpr std::size_t envelope_limit = std::size_t{64} << 10;
  static constexpr std::size_t most_groups = std::size_t{1} << 20;

  explicit GroupListParser(GroupQuery query);

  /// Parses the next piece. False if this is not such a response; finish() returns the reason.
  bool take(std::string_view piece);

  /// Those that were kept up to now.
  const std::vector<GroupSnapshot>& read_so_far() const { return groups_; }
  /// The only group that was wanted is among them.
  bool has_single() const {
    return query_.is_single && !groups_.empty() && groups_.front().name == GroupSnapshot::Name::exact;
  }

  /// The groups that are wanted, once the answer has ended, in the gateway's order. An error unless it was read
  /// whole, and if one of them may have been too large.
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
  void begin_group();
  bool end_group();
  bool keep(GroupSnapshot group);
  void settle_names();
  bool fail(std::string why);

  GroupQuery query_;
  /// The document with `{}` for all groups in a row: small, and checked as a whole.
  std::string envelope_;
  std::string group_;
  bool is_too_large_ = false;
  std::vector<GroupSnapshot> groups_;
  std::size_t kept_bytes_ = 0;
  /// Hashes of the labels of all groups whose names are exact.
  std::vector<std::uint64_t> exact_names_;
  std::size_t read_ = 0;
  std::size_t skipped_ = 0;
  Nesting nesting_;
  bool in_group_ = false;
  std::string error_;
};

}  // namespace pushmetrics
