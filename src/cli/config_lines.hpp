#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pushmetrics {

/// A configuration file's text as CLI11 is to get it: sections and `name = [N,...]`, where N is a value's
/// place in `values`. CLI11 does not read strings as TOML has them.
struct ConfigLines {
  /// Without comments, and without the lines that are not TOML: CLI11 would take them for something else.
  std::string text;
  std::vector<std::string> values;
  /// Where and why lines were left out; empty if none were.
  std::string problem;

  void add(std::string_view key, const std::vector<std::string>& more);
};

/// Of TOML: bare and dotted keys, sections, comments, strings of one line in either quotes, lists of them;
/// and words without quotes for what else there is.
ConfigLines read_config_lines(std::string_view text);

}  // namespace pushmetrics
