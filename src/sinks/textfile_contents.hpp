#pragma once

#include "metrics/family.hpp"
#include "metrics/group_labels.hpp"
#include "pushgateway/group_snapshot.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
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

/// Fits families to those of another file of the directory, since node_exporter drops what differs: takes
/// over their HELP. Returns what cannot be mended: another type, the same series, or what a histogram or
/// summary has to itself (client_golang, checkSuffixCollisions); empty: nothing.
std::string fit_to_neighbour(std::vector<Family>& families, const std::vector<Family>& neighbour);

/// What a file holds, for lists. `prefix` begins the names of the metrics of `pushmetrics run`.
GroupSnapshot held_group(const TextfileContents& contents, std::string_view prefix);

}  // namespace pushmetrics
