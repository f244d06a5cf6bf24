#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pushmetrics {

/// How a cell looks on a terminal that shows colours.
enum class Style { plain, bold, good, busy, warning, bad };

struct Cell {
  std::string text;
  Style style = Style::plain;
};

/// Whether a descriptor shows colours: it is a terminal, not a dumb one, and NO_COLOR is not set
/// (https://no-color.org).
bool shows_colours(int descriptor);

enum class Colours { none, ansi };

std::string styled(std::string_view text, Style style, Colours colours);

/// Rows with aligned columns, a heading first; no white space at the lines' ends.
std::string format_table(const std::vector<std::string>& headings, const std::vector<std::vector<Cell>>& rows,
                         Colours colours);

}  // namespace pushmetrics
