// Texts from strangers: made fit to be shown, kept by what encodes them, and read by a shell as they are.
#include "support/text.hpp"

#include "fuzz.hpp"
#include "metrics/group_labels.hpp"

using namespace pushmetrics;

namespace {

/// As a POSIX shell reads what shell_word writes.
std::string read_by_shell(std::string_view word) {
  constexpr std::string_view printf = "\"$(printf '";
  std::string text;
  if (word.starts_with(printf)) {
    fuzz::require(!word.substr(printf.size()).starts_with('-'), "printf takes it for no option");
    for (word.remove_prefix(printf.size()); !word.starts_with('\''); word.remove_prefix(1)) {
      if (word.front() != '\\') {
        text += word.front();
        continue;
      }
      text += static_cast<char>((word[1] - '0') * 64 + (word[2] - '0') * 8 + (word[3] - '0'));
      word.remove_prefix(3);
    }
    while (text.ends_with('\n')) text.pop_back();
    return text;
  }
  if (word.starts_with("$'")) {
    for (word.remove_prefix(2); word != "'"; word.remove_prefix(1)) {
      if (word.front() != '\\') {
        text += word.front();
        continue;
      }
      text += static_cast<char>((word[1] - '0') * 64 + (word[2] - '0') * 8 + (word[3] - '0'));
      word.remove_prefix(3);
    }
    return text;
  }
  for (bool quoted = false; !word.empty(); word.remove_prefix(1)) {
    if (word.front() == '\'') {
      quoted = !quoted;
    } else {
      if (!quoted && word.front() == '\\') word.remove_prefix(1);
      text += word.front();
    }
  }
  return text;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text(data, size);
  const std::string shown = printable(text);
  fuzz::require(fuzz::is_one_line(shown) && shown.size() <= 303, "it can be shown");
  fuzz::require(shown.size() > 300 || printable(shown) == shown, "what can be shown stays");
  fuzz::require(fuzz::is_one_line(escaped_for_terminal(text)), "escaped it can be shown");
  fuzz::require(percent_decoded(percent_encoded(text)) == text, "percent-encoding keeps it");
  if (text.find('\0') != text.npos) return 0;  // no word can hold it
  fuzz::require(read_by_shell(shell_word(text)) == text, "a shell reads the same");
  fuzz::require(fuzz::is_one_line(shell_word(text)), "and it can be shown");
  return 0;
}
