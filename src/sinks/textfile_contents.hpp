#pragma once

#include "metrics/family.hpp"
#include "metrics/group_labels.hpp"
#include "pushgateway/group_snapshot.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace pushmetrics {

/// What one of our files says: a comment that names the group and the time of its last push (to the
/// millisecond), then the group's metrics, whose samples have the group's labels.
struct TextfileContents {
  GroupLabels labels;
  std::chrono::system_clock::time_point pushed;
  std::vector<Family> families;
};

/// `pushmetrics-backup-db1-0123456789abcdef.prom`: the values of the labels for a person, and a hash of the
/// whole key.
std::string textfile_name(const GroupLabels& labels);

std::string write_textfile(const TextfileContents& contents);

/// The first line of one of our files without the families; nothing: it is not one of ours.
std::optional<TextfileContents> read_textfile_header(std::string_view text);

/// `pushed` over `held`, as POST has it: families of the same name are replaced.
void replace_families(std::vector<Family>& held, std::vector<Family> pushed);

/// Why node_exporter would drop families because of those in another file of the directory: another type, the
/// same series, or what a histogram or summary has to itself (client_golang, checkSuffixCollisions). Empty: it
/// would not. Differing HELP is left to SharedHelp.
std::string neighbour_problem(const std::vector<Family>& families, const std::vector<Family>& neighbour);

/// The HELP that a family must have in all files of a directory, since node_exporter drops one of two that
/// differ. To a HELP line, a file without one differs, too.
class SharedHelp {
 public:
  enum class Author {
    other,       ///< not to be rewritten: its HELP, or that it has none, decides
    pushmetrics  ///< the first that has a HELP decides, unless somebody else's file does
  };

  /// Files come in the order of precedence among those of one author.
  void add(const std::vector<Family>& families, Author author);
  /// Sets each family's HELP. True if one has changed.
  bool apply_to(std::vector<Family>& families) const;

 private:
  struct Choice {
    std::string help;
    Author author;
  };
  std::unordered_map<std::string, Choice> choices_;
};

/// What a file holds, for lists. `prefix` begins the names of the metrics of `pushmetrics run`; none: any.
GroupSnapshot held_group(const TextfileContents& contents, const std::optional<std::string>& prefix);

}  // namespace pushmetrics
