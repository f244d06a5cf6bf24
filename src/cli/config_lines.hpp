#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pushmetrics {

/// `key = value` of a configuration file.
struct ConfigEntry {
  /// The section's name, and what stands before a dotted key's last dot; empty above all sections.
  std::string section;
  std::string key;
  std::vector<std::string> values;

  bool operator==(const ConfigEntry&) const = default;
};

/// A configuration file's text.
struct ConfigLines {
  /// In the order of the text. A key that follows itself adds to its values.
  std::vector<ConfigEntry> entries;
  /// Where and why lines were left out; empty if none were.
  std::string problem;
};

/// Reads of TOML: bare and dotted keys, sections, comments, strings of one line in either quotes, lists of them;
/// and words without quotes for what else there is.
ConfigLines read_config_lines(std::string_view text);

}  // namespace pushmetrics
