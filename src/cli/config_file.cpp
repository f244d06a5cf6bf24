#include "cli/config_file.hpp"

#include "cli/config_lines.hpp"
#include "cli/configuration_keys.hpp"
#include "support/regular_file.hpp"
#include "support/result.hpp"
#include "support/text.hpp"

#include <unistd.h>

#include <cstdlib>

namespace pushmetrics {
namespace {

std::string environment_variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : value;
}

Result<std::string> read_configuration_file(const std::string& path) {
  constexpr std::size_t limit = 1 << 20;
  const auto file = RegularFile::open(path, RegularFile::Links::followed);
  return file ? file->read_whole(limit) : Failure{file.error()};
}

/// Why nobody has a use for it; empty: somebody has.
std::string problem_of(const ConfigEntry& entry) {
  if (entry.section.empty()) {
    if (is_configuration_key(entry.key)) return {};
    if (is_for_one_call(entry.key)) return for_one_call(entry.key);
    return concat({"unknown option ", in_quotes(entry.key)});
  }
  if (is_subcommand(entry.section)) return {};
  return concat({"unknown section of ", in_quotes(concat({entry.section, ".", entry.key}))});
}

}  // namespace

std::string for_one_call(std::string_view option) {
  return concat({option, " can be given on the command line only"});
}

std::vector<std::string> configuration_files(const std::string& named_file) {
  std::vector<std::string> files{"/etc/pushmetrics.toml"};
  if (const std::string xdg = environment_variable("XDG_CONFIG_HOME"); !xdg.empty())
    files.push_back(xdg + "/pushmetrics/config.toml");
  else if (const std::string home = environment_variable("HOME"); !home.empty())
    files.push_back(home + "/.config/pushmetrics/config.toml");
  if (!named_file.empty()) files.push_back(named_file);
  return files;
}

void take_configuration(std::string_view subcommand, const std::string& file, std::string_view text,
                        Configuration& configuration) {
  ConfigLines lines = read_config_lines(text);
  if (!lines.problem.empty()) configuration.problems.push_back(concat({file, ": ", lines.problem}));
  for (ConfigEntry& entry : lines.entries) {
    if (const std::string problem = problem_of(entry); !problem.empty())
      configuration.problems.push_back(concat({file, ": ", problem}));
    else if (entry.section.empty())
      configuration.general[entry.key] = {file, std::move(entry.values)};
    else if (entry.section == subcommand)
      configuration.of_subcommand[entry.key] = {file, std::move(entry.values)};
  }
}

Configuration read_configuration(std::string_view subcommand, const std::string& named_file) {
  Configuration configuration;
  for (const std::string& file : configuration_files(named_file)) {
    if (const auto text = read_configuration_file(file))
      take_configuration(subcommand, file, *text, configuration);
    else if (file == named_file || ::access(file.c_str(), F_OK) == 0)
      configuration.problems.push_back(concat({file, " cannot be read: ", text.error()}));
  }
  return configuration;
}

}  // namespace pushmetrics
