#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace pushmetrics {

/// Whether `text` is well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms).
bool is_valid_utf8(std::string_view text);

/// Untrusted `text` (from a server, a file) made safe for a terminal and for mail. Control characters,
/// including line separators and direction controls, and invalid UTF-8 become spaces, runs of white space
/// become one space, and "..." replaces everything after `limit` bytes.
std::string printable(std::string_view text, std::size_t limit = 300);

/// The first character of `text`, which must not be empty; one byte if it is not well-formed UTF-8.
std::string_view next_character(std::string_view text);

/// Code point of a well-formed character; U+FFFD for any other byte.
char32_t code_point(std::string_view character);

/// `text` with everything visible on a terminal: `\\`, `\"` and `\n`, as in a label value, and `\x1b` for
/// other control characters, line separators, direction controls and invalid UTF-8.
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

/// Approximate width in terminal columns: wide characters count as two, combining marks as none.
std::size_t display_width(std::string_view text);

/// The parts of `text` between separators, without empty parts.
std::vector<std::string_view> split(std::string_view text, std::string_view separators);

/// Concatenates the parts.
std::string concat(std::initializer_list<std::string_view> parts);

/// `text` with A to Z in lower case.
std::string lower_case(std::string_view text);

/// `text` without leading and trailing white space.
std::string_view trim(std::string_view text);

/// Encodes everything but letters, digits and `-_.~` as %XX (RFC 3986, section 2.3).
std::string percent_encoded(std::string_view text);

/// Reverses percent_encoded(); a % without two hexadecimal digits is kept.
std::string percent_decoded(std::string_view text);

}  // namespace pushmetrics
