#pragma once

#include <string>
#include <string_view>

namespace pushmetrics {

/// A configuration file's text as CLI11 is to get it.
struct ConfigLines {
  /// Without comments, and without the lines that are not TOML: CLI11 would take them for something else.
  std::string text;
  /// Where and why lines were left out; empty if none were.
  std::string problem;
};

ConfigLines read_config_lines(std::string_view text);

}  // namespace pushmetrics
