#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace pushmetrics {

/// One value of a configuration file, and where it comes from.
struct ConfigValue {
  std::string file;
  std::vector<std::string> values;
};

/// What the configuration files say, by option name: a later file over an earlier one; within a file, the
/// section named after the subcommand over what stands above all sections.
struct Configuration {
  std::map<std::string, ConfigValue, std::less<>> general;
  std::map<std::string, ConfigValue, std::less<>> of_subcommand;
  std::vector<std::string> problems;
};

/// Reads /etc/pushmetrics.toml, $XDG_CONFIG_HOME/pushmetrics/config.toml and `named_file`, unless empty.
/// A missing file is a problem only if it was named.
Configuration read_configuration(std::string_view subcommand, const std::string& named_file);

/// Takes what the text of `file` says over what is there.
void take_configuration(std::string_view subcommand, const std::string& file, std::string_view text,
                        Configuration& configuration);

/// That an option of this name has no place in a file.
std::string for_one_call(std::string_view option);

/// The files that would be read, in that order.
std::vector<std::string> configuration_files(const std::string& named_file);

}  // namespace pushmetrics
