#pragma once

#include <string>
#include <string_view>

/// What the exposition parser says about bad text: what is wrong there, and the cure. Each takes the text
/// from the place in question to the line's end, without the newline.
namespace pushmetrics::parse_error {

/// Where a metric's name should begin.
std::string metric_name(std::string_view rest);
/// A word that should be a sample's value. `name` is the metric's if the word follows it without a blank.
std::string value(std::string_view word, std::string_view name);
/// What follows the value, and is no timestamp.
std::string timestamp(std::string_view rest);
/// What follows the value and the timestamp; nothing but blanks, perhaps.
std::string after_value(std::string_view rest);
/// Where a label's name should begin.
std::string label_name(std::string_view rest);
/// What follows a label's name, and is not `=`.
std::string equals_sign(std::string_view name, std::string_view rest);
/// Where a label's value should begin, and no quote stands.
std::string label_quote(std::string_view name, std::string_view rest);
/// What follows a label's value, and is neither a comma nor a brace.
std::string after_label(std::string_view rest);
std::string quote_within_name(std::string_view name);
std::string repeated_label(std::string_view name);
/// A backslash in a label's value or a HELP text, with what it should escape.
std::string escape(std::string_view rest);
/// The name in a HELP or TYPE line.
std::string metadata_name(std::string_view rest);
std::string type(std::string_view word);
/// A HELP text that holds the lines after it; empty: it holds none.
std::string_view joined_help(std::string_view help);

}  // namespace pushmetrics::parse_error
