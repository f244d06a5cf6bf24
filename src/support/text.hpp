#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace pushmetrics {

/// Whether `text` is well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms).
bool is_valid_utf8(std::string_view text);

/// `text` from a stranger (a server, a file) made fit for a terminal and a mail: control characters,
/// those of lines and directions too, and invalid UTF-8 become spaces, runs of white space one space, and
/// "..." stands for what is over `limit` bytes.
std::string printable(std::string_view text, std::size_t limit = 300);

/// The first character of `text`, which is not empty; of what is not well-formed UTF-8, one byte.
std::string_view next_character(std::string_view text);

/// The number of a well-formed character; of another byte, that of U+FFFD.
char32_t code_point(std::string_view character);

/// `text` so that a terminal shows all of it: `\\`, `\"` and `\n`, as in a label's value, and `\x1b` for
/// other control characters, those of lines and directions too, and what is not UTF-8.
std::string escaped_for_terminal(std::string_view text);

/// `text` in single quotes, as a message quotes an argument, a variable or a file's name: what cannot be seen is written
/// as `\n`, `\x1b` or `\u200b`, and "..." stands for what is over `limit` bytes.
std::string in_quotes(std::string_view text, std::size_t limit = 300);

/// What stands within the quotes of in_quotes().
std::string visible(std::string_view text, std::size_t limit = 300);

/// Whether escaped_for_terminal() would write some of `text` as escapes.
bool has_hidden_characters(std::string_view text);

/// `text` as one word of a POSIX shell, on one line.
std::string shell_word(std::string_view text);

/// In columns of a terminal, roughly: wide characters count as two, combining marks as none.
std::size_t display_width(std::string_view text);

/// The parts of `text` between separators; empty parts are left out.
std::vector<std::string_view> split(std::string_view text, std::string_view separators);

/// The parts, one behind the other.
std::string concat(std::initializer_list<std::string_view> parts);

/// `text` with A to Z as a to z.
std::string lower_case(std::string_view text);

/// `text` without white space at its ends.
std::string_view trim(std::string_view text);

/// Everything but letters, digits and `-_.~` as %XX (RFC 3986, section 2.3).
std::string percent_encoded(std::string_view text);

/// What percent_encoded made; a % without two hexadecimal digits stays.
std::string percent_decoded(std::string_view text);

}  // namespace pushmetrics
