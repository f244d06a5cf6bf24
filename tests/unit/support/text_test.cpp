#include "support/text.hpp"

#include <doctest/doctest.h>

using namespace pushmetrics;

TEST_CASE("UTF-8 is accepted in its well-formed shape only") {
  CHECK(is_valid_utf8(""));
  CHECK(is_valid_utf8("plain"));
  CHECK(is_valid_utf8("caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x92\xBE"));
  CHECK_FALSE(is_valid_utf8("\xFF"));
  CHECK_FALSE(is_valid_utf8("\xC3"));              // cut short
  CHECK_FALSE(is_valid_utf8("\xC0\xAF"));          // overlong
  CHECK_FALSE(is_valid_utf8("\xED\xA0\x80"));      // a surrogate
  CHECK_FALSE(is_valid_utf8("\xF4\x90\x80\x80"));  // beyond U+10FFFF
}

TEST_CASE("a stranger's text is made fit for a terminal") {
  CHECK(printable("plain words") == "plain words");
  CHECK(printable("a\x1b[31mred\x07\r\nb") == "a [31mred b");
  CHECK(printable("\n\n") == "");
  CHECK(printable("bad \xFF byte") == "bad byte");
  CHECK(printable("c1 \xC2\x9B") == "c1");
  CHECK(printable("a\u2028b \u202Etxt.exe \u2066c") == "a b txt.exe c");
  CHECK(printable("caf\xC3\xA9") == "caf\xC3\xA9");
  CHECK(printable("12345678", 4) == "1234...");
  CHECK(printable("123\xC3\xA9", 4) == "123...");  // no half character
}

TEST_CASE("a terminal shows all of a text, what turns its direction too") {
  CHECK(escaped_for_terminal("a\"\n\x1b\u009b\xff\u00e9") == "a\\\"\\n\\x1b\\xc2\\x9b\\xff\u00e9");
  CHECK(escaped_for_terminal("a\u202Eb\u2028") == R"(a\xe2\x80\xaeb\xe2\x80\xa8)");
}

TEST_CASE("a quoted text shows what cannot be seen") {
  CHECK(in_quotes("plain \"words\"") == "'plain \"words\"'");
  CHECK(in_quotes("5s\r\n\t") == "'5s\\r\\n\\t'");
  CHECK(in_quotes("a\x1b[31m\xff\x7f") == "'a\\x1b[31m\\xff\\x7f'");
  CHECK(in_quotes(std::string_view("1\0", 2)) == "'1\\x00'");
  CHECK(in_quotes("1\u200b\u00a0\ufeff\u202e") == "'1\\u200b\\u00a0\\ufeff\\u202e'");
  CHECK(in_quotes("caf\u00e9") == "'caf\u00e9'");
  CHECK(visible("12345678", 4) == "1234...");
  CHECK(visible("123\r", 4) == "123...");  // no half escape
}

TEST_CASE("a word for a shell shows all of itself") {
  CHECK(shell_word("/srv/a-b") == "/srv/a-b");
  CHECK(shell_word("/srv/a b") == "'/srv/a b'");
  CHECK(shell_word("") == "''");
  CHECK(shell_word("caf\u00e9's") == "'caf\u00e9'\\''s'");
  CHECK(shell_word("a\u202Eb") == R"-("$(printf 'a\342\200\256b')")-");
}

TEST_CASE("split leaves out empty parts") {
  CHECK(split(" a  b ", " ") == std::vector<std::string_view>{"a", "b"});
  CHECK(split("a,b", ",") == std::vector<std::string_view>{"a", "b"});
  CHECK(split("", ",").empty());
}

TEST_CASE("lower case is of ASCII only") { CHECK(lower_case("aZ_9\xC3\x84") == "az_9\xC3\x84"); }
