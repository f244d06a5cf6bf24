#include "cli/table.hpp"

#include "support/text.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace pushmetrics {
namespace {

std::string_view escape_sequence(Style style) {
  switch (style) {
    case Style::plain: return "";
    case Style::bold: return "\x1b[1m";
    case Style::good: return "\x1b[32m";
    case Style::busy: return "\x1b[36m";
    case Style::warning: return "\x1b[33m";
    case Style::bad: return "\x1b[31m";
  }
  return "";
}

void append_row(std::string& out, const std::vector<Cell>& row, const std::vector<std::size_t>& widths,
                Colours colours) {
  constexpr std::size_t gap = 2;
  std::size_t spaces = 0;
  for (std::size_t column = 0; column < row.size(); ++column) {
    const Cell& cell = row[column];
    if (!cell.text.empty()) {
      out.append(spaces, ' ').append(styled(cell.text, cell.style, colours));
      spaces = 0;
    }
    spaces += widths[column] - display_width(cell.text) + gap;
  }
  out += '\n';
}

}  // namespace

bool shows_colours(int descriptor) {
  const char* no_colour = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  return ::isatty(descriptor) == 1 && (no_colour == nullptr || *no_colour == '\0') && terminal != nullptr &&
         std::string_view(terminal) != "dumb";
}

std::string styled(std::string_view text, Style style, Colours colours) {
  const std::string_view begin = colours == Colours::ansi ? escape_sequence(style) : "";
  return concat({begin, text, begin.empty() ? "" : "\x1b[0m"});
}

std::string format_table(const std::vector<std::string>& headings, const std::vector<std::vector<Cell>>& rows,
                         Colours colours) {
  std::vector<std::size_t> widths;
  std::vector<Cell> heading;
  for (const std::string& text : headings) {
    heading.push_back({text, Style::bold});
    widths.push_back(display_width(text));
  }
  for (const std::vector<Cell>& row : rows)
    for (std::size_t column = 0; column < row.size(); ++column)
      widths[column] = std::max(widths[column], display_width(row[column].text));
  std::string out;
  append_row(out, heading, widths, colours);
  for (const std::vector<Cell>& row : rows) append_row(out, row, widths, colours);
  return out;
}

}  // namespace pushmetrics
