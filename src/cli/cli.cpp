#include "cli/cli.hpp"

#include "cli/config_file.hpp"
#include "cli/suggestions.hpp"
#include "support/text.hpp"

#include <CLI/CLI.hpp>
#include <strings.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <span>
#include <utility>

namespace pushmetrics {
namespace {

std::string environment_variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::string() : value;
}

// ---- the command line ----

/// An option of the table, and what CLI11 knows of it; null: it is not on the command line.
struct Registered {
  const OptionSpec* spec;
  CLI::Option* option;
};

bool is_set(const CLI::Option* option) { return option != nullptr && option->count() > 0; }

CLI::Option* register_option(CLI::App& app, const OptionSpec& spec) {
  std::string names = concat({"--", spec.name});
  if (spec.letter != 0) names = std::string("-") + spec.letter + "," + names;
  if (spec.implied_value) {
    CLI::Option* option = app.add_flag(names + "{" + *spec.implied_value + "}");
    return option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  }
  CLI::Option* option = spec.value_name.empty()
                            ? app.add_flag(names)
                            : app.add_option(names, [](const CLI::results_t&) { return true; });
  return option->multi_option_policy(spec.repeatable ? CLI::MultiOptionPolicy::TakeAll
                                                     : CLI::MultiOptionPolicy::TakeLast);
}

/// The arguments before the first `--` that begin with a dash.
std::vector<std::string_view> dashed(const std::vector<std::string>& arguments) {
  std::vector<std::string_view> found;
  for (const std::string_view argument : arguments) {
    if (argument == "--") break;
    if (argument.starts_with('-')) found.push_back(argument);
  }
  return found;
}

/// Whether an option may be among the dashed arguments. CLI11 takes its time over each option that it
/// knows, and the job waits meanwhile; so it gets no others.
bool may_be_among(std::span<const std::string_view> arguments, const OptionSpec& spec) {
  return std::ranges::any_of(arguments, [&](std::string_view argument) {
    if (!argument.starts_with("--"))
      return spec.letter != 0 && argument.find(spec.letter) != std::string_view::npos;
    return argument.substr(2).starts_with(spec.name);
  });
}

/// Splits off what stands behind the first `--`; false when there is none.
bool split_at_separator(std::vector<std::string>& arguments, std::vector<std::string>& behind) {
  const auto separator = std::ranges::find(arguments, "--");
  if (separator == arguments.end()) return false;
  behind.assign(separator + 1, arguments.end());
  arguments.erase(separator, arguments.end());
  return true;
}

/// CLI11 takes the next argument for the value of `--name=`. With this behind it, the value is not empty.
constexpr std::string_view empty_value = "\x01(empty)\x01";

std::vector<std::string> without_empty_values(std::vector<std::string> texts) {
  for (std::string& text : texts)
    if (text.ends_with(empty_value)) text.resize(text.size() - empty_value.size());
  return texts;
}

/// A negative number is not an option.
bool looks_like_option(const std::string& operand) {
  if (operand.size() < 2 || operand[0] != '-') return false;
  const char second = operand[1];
  return !(second >= '0' && second <= '9') && second != '.' && ::strcasecmp(operand.c_str(), "-inf") != 0;
}

/// The name that an argument gives an option, without its value.
std::string option_name(const std::string& argument) {
  if (argument.starts_with("--")) return argument.substr(0, argument.find('='));
  return argument.substr(0, 2);
}

Failure unknown_option(const std::string& argument, const OptionTable& table) {
  return Failure{concat({"unknown option ", in_quotes(option_name(argument))}),
                 hint_for_unknown_option(argument, table)};
}

/// An option that is the last argument, by its own letter where several stand together.
Failure needs_value(const std::string& argument) {
  const bool is_long = argument.starts_with("--") || argument.empty();
  return Failure{
      concat({in_quotes(is_long ? argument : std::string("-") + argument.back()), " needs a value"})};
}

/// The operands, in their order. CLI11 leaves options that it does not know among them.
Result<std::vector<std::string>> parse_arguments(CLI::App& app, const OptionTable& table, Operands kind,
                                                 std::vector<std::string> arguments) {
  std::vector<std::string> behind;
  const bool separated = split_at_separator(arguments, behind);
  for (std::string& argument : arguments)
    if (argument.starts_with("--") && argument.ends_with('=')) argument += empty_value;
  const std::string last = arguments.empty() ? std::string() : arguments.back();
  std::ranges::reverse(arguments);  // as CLI11 wants them
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::ParseError&) {
    // Nothing else is an error to it: what it does not know is an operand, and values are judged by their `store`.
    return needs_value(last);
  }
  std::vector<std::string> operands = without_empty_values(app.remaining());
  for (const std::string& operand : operands) {
    if (looks_like_option(operand)) return unknown_option(operand, table);
    if (kind == Operands::command) break;  // all behind the first is the command's
  }
  if (separated && kind == Operands::command && !operands.empty()) operands.emplace_back("--");
  operands.insert(operands.end(), behind.begin(), behind.end());
  if (kind == Operands::none && !operands.empty())
    return Failure{concat({"unexpected argument ", in_quotes(operands.front())})};
  return operands;
}

/// With `--help` for a hint where there is no better one.
Failure with_help_hint(Failure failure, std::string_view subcommand) {
  if (failure.hint.empty()) failure.hint = concat({"see 'pushmetrics ", subcommand, " --help'"});
  return failure;
}

// ---- the other sources ----

/// Values as a source other than the command line has them, and what to call that source.
struct Source {
  std::string name;
  std::vector<std::string> values;
};

using Strings = std::vector<std::string>;

Strings split_values(const OptionSpec& spec, const Strings& values) {
  Strings parts;
  for (const std::string& value : values) {
    if (spec.split != nullptr)
      for (std::string& part : spec.split(value)) parts.push_back(std::move(part));
    else
      for (const std::string_view part : split(value, spec.separators)) parts.emplace_back(part);
  }
  return parts;
}

Strings split_if_anywhere(const OptionSpec& spec, Strings values) {
  return spec.split_everywhere ? split_values(spec, values) : std::move(values);
}

std::string joined(const std::vector<std::string>& values) {
  std::string text;
  for (const std::string& value : values) text.append(text.empty() ? "" : " ").append(value);
  return text;
}

bool is_flag(const OptionSpec& spec) { return spec.value_name.empty(); }

/// Whether the environment has any variable of the kind that most options have: PUSHMETRICS_NAME.
bool has_own_variables() {
  constexpr std::string_view prefix = "PUSHMETRICS_";
  for (char** entry = ::environ; *entry != nullptr; ++entry)
    if (std::strncmp(*entry, prefix.data(), prefix.size()) == 0) return true;
  return false;
}

/// What the command line does not say.
struct OptionSources {
  Configuration configuration;
  bool with_own_variables = has_own_variables();
};

std::vector<Source> other_sources(const OptionSpec& spec, const OptionSources& option_sources) {
  std::vector<Source> sources;
  const bool may_be_set = option_sources.with_own_variables || !spec.environment.empty();
  for (const std::string& name : may_be_set ? spec.environment_names() : std::vector<std::string>()) {
    const std::string value = environment_variable(name);
    if (value.empty()) continue;
    sources.push_back({name, spec.separators.empty() ? Strings{value} : split_values(spec, {value})});
  }
  if (spec.scope == OptionSpec::Scope::command_line_only) return sources;
  const Configuration& configuration = option_sources.configuration;
  for (const auto* values : {&configuration.of_subcommand, &configuration.general}) {
    const auto found = values->find(spec.name);
    if (found != values->end())
      sources.push_back(
          {concat({found->second.file, ": ", spec.name}), split_if_anywhere(spec, found->second.values)});
  }
  return sources;
}

/// Whether a flag is on; nothing: the value does not say.
std::optional<bool> parse_flag(std::string_view value) {
  constexpr std::array<std::string_view, 4> no{"false", "0", "no", "off"};
  constexpr std::array<std::string_view, 4> yes{"true", "1", "yes", "on"};
  const std::string word = lower_case(value);
  if (std::ranges::find(yes, word) != yes.end()) return true;
  if (std::ranges::find(no, word) != no.end()) return false;
  return std::nullopt;
}

/// Stores the values; of a list, those that the option takes. What is wrong with the others becomes problems.
/// The values that were stored.
std::vector<std::string> store_good_ones(const OptionSpec& spec, const Source& source,
                                         std::vector<std::string>& problems) {
  const auto is_stored = [&](const std::vector<std::string>& values) {
    const Stored result = spec.store(values);
    if (!result) {
      const Failure& failure = result.failure();
      problems.push_back(
          concat({source.name, ": ", failure.message, failure.hint.empty() ? "" : "; ", failure.hint}));
    }
    return static_cast<bool>(result);
  };
  if (!spec.repeatable || source.values.size() == 1)
    return is_stored(source.values) ? source.values : std::vector<std::string>();
  if (spec.store(source.values)) return source.values;
  std::vector<std::string> good;
  for (const std::string& value : source.values)
    if (is_stored({value})) good.push_back(value);
  // What stores a list replaces what is there: so far, the last one alone.
  return good.size() < 2 || is_stored(good) ? good : std::vector<std::string>();
}

/// Takes the first source that has good values, and says what is wrong with it and those before it.
void read_other_sources(const OptionSpec& spec, const OptionSources& option_sources, ParsedOptions& reading) {
  std::vector<std::string>& problems = reading.problems;
  const std::vector<Source> sources = other_sources(spec, option_sources);
  for (const Source& source : sources) {
    if (source.values.empty()) continue;
    if (is_flag(spec)) {
      const std::string& value = source.values.back();
      const std::optional<bool> is_on = parse_flag(value);
      if (is_on == false) return;
      if (!is_on) {
        problems.push_back(concat({source.name, ": ", in_quotes(value), " is neither true nor false"}));
        continue;
      }
    }
    const std::vector<std::string> values = store_good_ones(spec, source, problems);
    if (!values.empty())
      return reading.sources.push_back({std::string(spec.name), source.name, joined(values)});
  }
  const auto given =
      std::ranges::find_if(sources, [](const Source& source) { return !source.values.empty(); });
  if (spec.on_unusable && given != sources.end()) spec.on_unusable(given->name);
}

}  // namespace

bool is_on_command_line(const std::vector<OptionSource>& sources, std::string_view option) {
  return std::ranges::any_of(sources, [option](const OptionSource& one) {
    return one.option == option && one.source == OptionSource::command_line;
  });
}

Result<ParsedOptions> read_options(std::string_view subcommand, const OptionTable& table, Operands operands,
                                   const std::vector<std::string>& arguments) {
  CLI::App app;
  app.set_help_flag();
  app.prefix_command(operands == Operands::command);
  app.allow_extras();
  std::vector<Registered> options;
  const std::vector<std::string_view> candidates = dashed(arguments);
  for (const OptionGroup& group : table)
    for (const OptionSpec& spec : group.options)
      options.push_back({&spec, may_be_among(candidates, spec) ? register_option(app, spec) : nullptr});

  auto rest = parse_arguments(app, table, operands, arguments);
  if (!rest) return with_help_hint(rest.failure(), subcommand);
  std::vector<OptionSource> sources;
  for (const auto& [spec, option] : options) {
    if (!is_set(option)) continue;
    const std::vector<std::string> values = split_if_anywhere(*spec, without_empty_values(option->results()));
    const Stored result =
        is_flag(*spec) && values != Strings{"true"} ? Failure{"it takes no value"} : spec->store(values);
    if (!result)
      return with_help_hint({concat({"--", spec->name, ": ", result.error()}), result.failure().hint},
                            subcommand);
    sources.push_back({std::string(spec->name), std::string(OptionSource::command_line), joined(values)});
  }

  std::string named_file = environment_variable("PUSHMETRICS_CONFIG");
  for (const auto& [spec, option] : options)
    if (spec->name == "config" && is_set(option)) named_file = option->results().back();
  OptionSources option_sources{read_configuration(subcommand, named_file)};
  Configuration& configuration = option_sources.configuration;
  ParsedOptions reading{std::move(*rest), std::move(configuration.problems), std::move(sources)};
  for (const auto& [spec, option] : options)
    if (!is_set(option)) read_other_sources(*spec, option_sources, reading);

  for (const auto& [name, value] : configuration.of_subcommand) {
    const auto found = std::ranges::find(options, name, [](const Registered& one) { return one.spec->name; });
    if (found == options.end())
      reading.problems.push_back(
          concat({value.file, ": [", subcommand, "] has no option ", in_quotes(name)}));
    else if (found->spec->scope == OptionSpec::Scope::command_line_only)
      reading.problems.push_back(concat({value.file, ": ", for_one_call(name)}));
  }
  return reading;
}

}  // namespace pushmetrics
