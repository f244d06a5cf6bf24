#pragma once

#include "cli/console.hpp"
#include "metrics/family.hpp"
#include "support/duration.hpp"
#include "support/result.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pushmetrics {

/// Nothing, or why not.
using Stored = Result<void>;

/// One option as a person meets it: on the command line, in the environment, in a configuration file, in
/// --help. Its texts are literals: views of them cost the start of a run nothing.
struct OptionSpec {
  /// Where an option may be set besides the command line.
  enum class Scope {
    everywhere,         ///< in PUSHMETRICS_<NAME> and in configuration files
    command_line_only,  ///< what makes sense for one call only
  };

  std::string_view name;        ///< without dashes; also the key in configuration files
  char letter;                  ///< 0 for none
  std::string_view value_name;  ///< empty for a flag
  std::string_view help;
  /// Takes the values, one or more, of the source that counts; a flag gets none and is called only when set.
  std::function<Stored(const std::vector<std::string>&)> store;
  Scope scope = Scope::everywhere;
  bool repeatable = false;
  /// The environment variable, where it is not PUSHMETRICS_<NAME>; a second one counts when the first is
  /// unset.
  std::vector<std::string> environment = {};
  /// What separates several values in an environment variable.
  std::string_view separators = {};
  /// Used in place of `separators`, if set.
  std::vector<std::string> (*split)(std::string_view text) = nullptr;
  /// Whether it separates them wherever the option is set.
  bool split_everywhere = false;
  /// Called when a source other than the command line sets the option, and none sets it to what can be used. Gets the
  /// first one's name.
  std::function<void(const std::string& source)> on_unusable = {};
  /// A value that may be left out, and then is this: only `--name=VALUE` gives another.
  std::optional<std::string> implied_value = {};

  std::vector<std::string> environment_names() const;
};

/// A heading of --help and what stands under it.
struct OptionGroup {
  std::string_view heading;
  std::vector<OptionSpec> options;
};

using OptionTable = std::vector<OptionGroup>;

/// How `store` puts a value into its place. Of several values the last one counts, except in lists.
using Store = std::function<Stored(const std::vector<std::string>&)>;
Store into(std::string& place);
Store into(std::optional<std::string>& place);
Store into(std::vector<std::string>& place);
Store into(Duration& place);
Store into(std::optional<Duration>& place);
/// `NAME=VALUE` each; valid label names only.
Store into(std::vector<Label>& place);
Store set(bool& place);

/// A whole number from `least` to `most`.
Result<long long> parse_integer(std::string_view text, long long least, long long most);
/// `4096`, `64K`, `64MiB`, `1G`: bytes, in powers of 1024.
Result<long long> parse_bytes(std::string_view text);

}  // namespace pushmetrics
