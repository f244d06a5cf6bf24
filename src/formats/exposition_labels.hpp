#pragma once

#include "formats/exposition_cursor.hpp"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <vector>

namespace pushmetrics {

/// Reads the labels of a sample. Those of the line before are remembered, since most lines have the same
/// names.
class ExpositionLabels : protected ExpositionCursor {
 public:
  using ExpositionCursor::ExpositionCursor;

 protected:
  // As with the cursor, these say whether what they read was good.

  /// From the opening brace to the value.
  bool read_labels();
  /// From what follows a name within the braces to the value.
  bool read_labels_after_name();
  void read_no_labels() { label_count_ = 0; }

  /// What was read last.
  void put_labels(ExpositionSample& sample) const {
    sample.labels = {labels_.data(), label_count_};
    sample.has_roles = label_count_ != 0 && known_roles_;
    sample.ordered_labels = std::min(known_ordered_, label_count_);
  }

 private:
  bool skip_known_name(std::size_t index);
  bool read_other_labels();
  bool read_label_name(RawLabel& label);
  bool read_label_value(RawLabel& label);
  bool read_rest_of_label_value(const char* begin);
  bool names_are_unique();
  std::size_t count_ordered() const;

  /// What comes before a label's value, from the brace or the closing quote before it: `{path="`, `",path="`.
  struct Opening {
    std::string_view text;
    std::size_t name_at = 0;
  };

  /// The labels of this line up to label_count_.
  std::vector<RawLabel> labels_;
  std::size_t label_count_ = 0;
  /// Reading begins with a comparison. As many as known_labels_ stood in one line, and are good and unique.
  std::vector<Opening> openings_;
  std::size_t known_labels_ = 0;
  bool known_roles_ = false;
  std::size_t known_ordered_ = 0;
};

}  // namespace pushmetrics
