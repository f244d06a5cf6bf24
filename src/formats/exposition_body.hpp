#pragma once

#include "formats/exposition_parser.hpp"
#include "metrics/diagnostic.hpp"
#include "metrics/family_table.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pushmetrics {

/// Something wrong with a part of a line; `place` is a slice of it.
struct Problem {
  std::string_view place;
  std::string message;
  std::optional<LineMention> mention = {};

  /// A message with ` on line N` between the words.
  static Problem naming_line(std::string_view place, std::string_view before, std::size_t line,
                             std::string_view after);
};

/// Which series a sample belongs to, as hashes.
struct CheckedSeries {
  /// As it will be after Pushgateway has put its grouping labels over the sample's own. Two series must not
  /// have the same. Without `le` or `quantile`: a histogram or summary is one series.
  std::uint64_t pushed = 0;
  /// As it is written. All lines of one histogram or summary have the same.
  std::uint64_t written = 0;
};

/// What the lines of a body say together: the rules that need more than one line, as Pushgateway has them
/// (its text parser, and the consistency check before it takes a push).
class ExpositionBody {
 public:
  explicit ExpositionBody(const GroupingKey* group) : group_(group) {}

  /// A repeated or late HELP or TYPE is a problem, and without effect.
  std::optional<Problem> add(const ExpositionLine& line, const ExpositionMetadata& metadata);
  FamilyPart add(const ExpositionLine& line, const ExpositionSample& sample);

  /// What is wrong with the sample, given its family's type.
  std::optional<Problem> judge(const ExpositionSample& sample, FamilyPart part) const;
  /// Whether Pushgateway drops the sample without a word: a bucket without a bound, say.
  bool is_dropped(const ExpositionSample& sample, FamilyPart part) const;

  CheckedSeries identify(const ExpositionSample& sample, const FamilyEntry& family);
  /// The same as text, to be sure that equal hashes are equal series.
  std::string pushed_series(const ExpositionSample& sample, const FamilyEntry& family) const;
  /// Whether Pushgateway replaces the label by its own or, as to an empty `instance`, adds it to all others.
  bool is_replaced(const RawLabel& label) const;

  /// Two families, of which a Pushgateway takes only one. (Of a gaugehistogram it takes both, but nobody can
  /// read what it then serves.)
  struct Collision {
    const FamilyEntry* later;
    const FamilyEntry* earlier;
  };
  std::vector<Collision> collisions();

  FamilyTable& families() { return families_; }

 private:
  template <typename Counts>
  std::uint64_t hash_series(const ExpositionSample& sample, Counts counts);

  const GroupingKey* group_;
  FamilyTable families_;
  const FamilyEntry* hashed_family_ = nullptr;
  std::uint64_t family_hash_ = 0;
  std::vector<const RawLabel*> sorted_;
  std::string written_;
};

/// The place is the later family's first sample, which is no slice at hand.
Problem explain(const ExpositionBody::Collision& collision);

/// `le` of a histogram, `quantile` of a summary: no part of the series.
bool is_part_label(const RawLabel& label, const FamilyEntry& family);

}  // namespace pushmetrics
