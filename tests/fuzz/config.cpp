// A configuration file: a bad line costs itself only, known keys alone are taken, and a quoted value arrives
// as it is.
#include "cli/config_file.hpp"
#include "cli/config_lines.hpp"
#include "cli/configuration_keys.hpp"
#include "fuzz.hpp"
#include "support/text.hpp"

#include <cstdio>

using namespace pushmetrics;

namespace {

using Strings = std::vector<std::string>;

Configuration read(std::string_view text) {
  Configuration configuration;
  take_configuration("run", "FILE", text, configuration);
  return configuration;
}

bool has(const std::map<std::string, ConfigValue, std::less<>>& values, std::string_view key,
         const std::string& value) {
  const auto found = values.find(key);
  return found != values.end() && found->second.values == Strings{value};
}

std::string with_carriage_returns(std::string_view text) {
  std::string result;
  for (const char c : text) result.append(c == '\n' ? "\r\n" : std::string_view(&c, 1));
  return result;
}

void require_sound(const Configuration& configuration) {
  for (const auto& [key, value] : configuration.general)
    fuzz::require(is_configuration_key(key) && value.file == "FILE", "what is taken has a known key");
  for (const std::string& problem : configuration.problems)
    fuzz::require(fuzz::is_one_line(problem), "a problem is told on one line");
}

/// As a basic string of TOML.
std::string quoted(std::string_view value) {
  std::string text = "\"";
  for (const char c : value) {
    char escape[8];
    std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned char>(c));
    const bool is_control = static_cast<unsigned char>(c) < ' ' || c == 0x7F;
    if (c == '"' || c == '\\') text += '\\';
    text.append(is_control ? std::string_view(escape) : std::string_view(&c, 1));
  }
  return text + "\"";
}

/// As a file's text, with the sections as parts of dotted keys.
std::string write(const std::vector<ConfigEntry>& entries) {
  std::string text;
  for (const ConfigEntry& entry : entries) {
    text.append(entry.section).append(entry.section.empty() ? "" : ".").append(entry.key).append(" = [");
    for (const std::string& value : entry.values) text.append(quoted(value)).append(",");
    text.append("]\n");
  }
  return text;
}

void require_taken_as_it_is(std::string_view value) {
  // An empty string sets nothing.
  if (value.empty() || value.find('\0') != value.npos) return;
  const auto require_read = [&](std::string_view written) {
    const Configuration one = read(concat({"job = ", written, " # why\n"}));
    fuzz::require(has(one.general, "job", std::string(value)), "a quoted value arrives as it is");
    const Configuration list = read(concat({"label = [ ", written, ",\n ] # \"\n"}));
    fuzz::require(has(list.general, "label", std::string(value)), "so does a list's");
  };
  require_read(quoted(value));
  if (!fuzz::has_control(value) && value.find('\'') == value.npos) require_read(concat({"'", value, "'"}));
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text(data, size);
  const ConfigLines lines = read_config_lines(text);
  const std::string written = write(lines.entries);
  const ConfigLines again = read_config_lines(written);
  fuzz::require(again.problem.empty() && again.entries == lines.entries,
                "what was read can be written and read");
  fuzz::require(read_config_lines(with_carriage_returns(text)).entries == lines.entries,
                "CRLF does not matter");
  require_sound(read(text));
  const Configuration behind = read(concat({written, "[run]\nno-spool = true\nretries = 7\n"}));
  fuzz::require(has(behind.of_subcommand, "retries", "7"), "what stands behind is read");
  const Configuration before = read(concat({"[run]\nretries = 7\n[push]\n", written}));
  fuzz::require(before.of_subcommand.contains("retries"), "what stands before is read");
  require_taken_as_it_is(text);
  return 0;
}
