#include "cli/help.hpp"

#include "support/text.hpp"

namespace pushmetrics {
namespace {

constexpr std::size_t width = 80;
constexpr std::size_t help_column = 31;

std::string left_column(const OptionSpec& spec) {
  std::string text = spec.letter == 0 ? "      " : std::string("  -") + spec.letter + ", ";
  text.append("--").append(spec.name);
  if (spec.implied_value) return concat({text, "[=", spec.value_name, "]"});
  return spec.value_name.empty() ? text : concat({text, " ", spec.value_name});
}

/// Appends `text` word by word from `column` on, with the lines that follow indented to the help's column.
void append_wrapped(std::string& out, std::string_view text, std::size_t column) {
  for (const std::string_view word : split(text, " ")) {
    if (column > help_column && column + 1 + word.size() > width) {
      out.append("\n").append(help_column, ' ');
      column = help_column;
    } else if (column > help_column) {
      out += ' ';
      ++column;
    }
    out += word;
    column += word.size();
  }
  out += '\n';
}

void append_option(std::string& out, const OptionSpec& spec) {
  const std::string left = left_column(spec);
  out += left;
  if (left.size() + 2 > help_column)
    out.append("\n").append(help_column, ' ');
  else
    out.append(help_column - left.size(), ' ');
  append_wrapped(out, spec.help, help_column);
}

}  // namespace

std::string help_text(const CommandHelp& manual, const OptionTable& table) {
  std::string out = concat({"Usage: ", manual.synopsis, "\n\n", manual.summary, "\n"});
  for (const OptionGroup& group : table) {
    out.append("\n").append(group.heading).append(":\n");
    for (const OptionSpec& spec : group.options) append_option(out, spec);
  }
  if (!manual.examples.empty()) out.append("\nExamples:\n").append(manual.examples);
  return out;
}

}  // namespace pushmetrics
