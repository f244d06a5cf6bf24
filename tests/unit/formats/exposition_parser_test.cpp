#include "formats/exposition_parser.hpp"

#include "formats/exposition_number.hpp"
#include "support/text.hpp"

#include <doctest/doctest.h>

#include <cmath>

using namespace pushmetrics;

namespace {

/// Everything that read_exposition tells, as text.
class Recorder : public ExpositionHandler {
 public:
  void on_metadata(const ExpositionLine& line, const ExpositionMetadata& metadata) override {
    told += std::to_string(line.number) + (metadata.type ? " TYPE " : " HELP ") + std::string(metadata.name) +
            " " + std::string(metadata.type ? to_string(*metadata.type) : metadata.help) + "\n";
  }
  void on_sample(const ExpositionLine& line, const ExpositionSample& sample) override {
    told += std::to_string(line.number) + " " + std::string(sample.name);
    for (const RawLabel& label : sample.labels)
      told += " " + std::string(label.name) + "=" + std::string(label.value);
    told += " -> " + std::string(sample.value);
    if (!sample.timestamp.empty()) told += " @" + std::string(sample.timestamp);
    told += "\n";
  }
  Next on_error(Diagnostic error) override {
    told += std::to_string(error.position.line) + ":" + std::to_string(error.position.column) + ": " +
            error.message + "\n";
    return Next::go_on;
  }

  std::string told;
};

std::string read(std::string_view text, Strictness strictness = Strictness::strict) {
  Recorder recorder;
  read_exposition(text, strictness, recorder);
  return recorder.told;
}

}  // namespace

TEST_CASE("what stands in a text is told in its order") {
  CHECK(read("# HELP a_total All\\nof it\n# TYPE a_total counter\na_total{x=\"1\", y = \"\\\"2\\\"\",} 3\n\n "
             "b 4 5\n") ==
        "1 HELP a_total All\\nof it\n"
        "2 TYPE a_total counter\n"
        "3 a_total x=1 y=\\\"2\\\" -> 3\n"
        "5 b -> 4 @5\n");
}

TEST_CASE("an error costs its line and has the place") {
  CHECK(read("a 1\nb{x=1} 2\n  c 3\n9d 4\n") ==
        "1 a -> 1\n"
        "2:5: the label value is not quoted: write `x=\"1\"`\n"
        "3 c -> 3\n"
        "4:1: a metric name cannot begin with a digit: write `_9d`\n");
}

TEST_CASE("names may be quoted, as newer Pushgateways have it") {
  CHECK(read("{\"a\",\"x\"=\"1\"} 1\n{b} 2\nc{\"x\"=\"1\"} 3\n\"d\" 4\n") ==
        "1 a x=1 -> 1\n2 b -> 2\n3 c x=1 -> 3\n4 d -> 4\n");
}

TEST_CASE("a bad name is bad in the next line, too") {
  CHECK(read("\"1a\" 1\n1a 1\n1a 1\n") ==
        "1:1: the quoted name is not a metric name: letters, digits, `_` and `:` only\n"
        "2:1: a metric name cannot begin with a digit: write `_1a`\n"
        "3:1: a metric name cannot begin with a digit: write `_1a`\n");
  CHECK(read("a{\"1x\"=\"\"} 1\na{1x=\"\"} 1\n") ==
        "1:3: the quoted name is not a label name: letters, digits and `_` only\n"
        "2:3: a label name cannot begin with a digit: write `_1x`\n");
}

TEST_CASE("a label name given twice is found, however the line before looked") {
  CHECK(read("a{x=\"1\",y=\"2\"} 1\na{y=\"1\"} 1\na{y=\"1\",y=\"2\"} 1\n") ==
        "1 a x=1 y=2 -> 1\n2 a y=1 -> 1\n3:9: label `y` is given twice: keep one\n");
  CHECK(read("a{y=\"1\",y=\"2\"} 1\na{y=\"1\",y=\"2\"} 1\n") ==
        "1:9: label `y` is given twice: keep one\n2:9: label `y` is given twice: keep one\n");
  std::string many = "a{";
  for (int i = 0; i < 100; ++i) many += "l" + std::to_string(i) + "=\"\",";
  CHECK(read(many + "l7=\"\"} 1\n").find("label `l7` is given twice") != std::string::npos);
  CHECK(read(many + "} 1\n").starts_with("1 a l0="));
}

TEST_CASE("a line is read the same whatever the one before looked like") {
  const std::string first = "a{x=\"1\",y=\"2\"} 1\n";
  const std::string seconds[] = {"a 2\n",
                                 "a{} 2\n",
                                 "a{x=\"3\"} 2\n",
                                 "a{x=\"3\",} 2\n",
                                 "a{x=\"3\" } 2\n",
                                 "a{x=\"3\",y=\"4\"} 2\n",
                                 "a{x=\"3\",y=\"4\",z=\"5\"} 2\n",
                                 "a{y=\"3\",x=\"4\"} 2\n",
                                 "ab{x=\"3\",y=\"4\"} 2\n",
                                 "a {x=\"3\",y=\"4\"}2\n",
                                 "a{x=\"\",y=\"\"} 2\n",
                                 "a{x=\"3\",\"y\"=\"4\"} 2\n",
                                 "{\"a\",x=\"3\"} 2\n",
                                 "a{x=\"\\\"\",y=\"\xC3\xA4\"} 2\n",
                                 "a{x=\"3\",y=\"4} 2\n",
                                 "a{x=\"3\",y=\"4\" 2\n",
                                 "a{x=\"3\",y=\"4\"",
                                 "a{x=\"3\",y=\"4\"}",
                                 "a{x=\"3\",y=\"",
                                 "a{x=\"3\",y",
                                 "a{x=\"\\q\",y=\"4\"} 2\n"};
  for (const std::string& second : seconds)
    for (const std::string& third : seconds) {
      std::string alone = read(second + "\n") + read(third);
      std::string after = read(first + second + "\n" + third).substr(read(first).size());
      for (std::string* told : {&alone, &after})
        std::erase_if(*told, [](char c) { return c >= '0' && c <= '9'; });  // numbers of lines
      CHECK(after == alone);
    }
}

TEST_CASE("a short number is a number whatever follows") {
  for (const std::string good : {"0", "5.", ".5", "123456789012345", "1234567.1234567", "1234567890123456.5"})
    CHECK(read("a " + good + "\nb 1\nb_long_enough 1\n").starts_with("1 a -> " + good + "\n"));
  for (const std::string bad : {".", "1.2.3", "..", "1..", "1/2", "1:2", "123456.12345.78"})
    CHECK(read("a " + bad + "\nb 1\nb_long_enough 1\n").starts_with("1:3: "));
}

TEST_CASE("a message says what is wrong and how to fix it") {
  const auto message = [](std::string_view line) {
    const std::string told = read(std::string(line) + "\n");
    return told.substr(told.find(": ") + 2, told.size() - told.find(": ") - 3);
  };
  CHECK(message("a-b 1") == "`-` cannot stand in a metric name: write `a_b`");
  CHECK(message("a 1,5") == "the value `1,5` has a decimal comma: write `1.5`");
  CHECK(message("a 10ms") ==
        "expected a number, found `10ms`: write `10` alone, without a unit (convert to seconds or bytes)");
  CHECK(message("a -1,5") == "the value `-1,5` has a decimal comma: write `-1.5`");
  for (const std::string word :
       {"1,234,567", "1,234", "-1,234", "1,234.5", "1.234.567,8", "1.234,5", "1'234", "1_000"})
    CHECK(message("a " + word) ==
          "the value `" + word + "` is not a number: write digits and a decimal point only");
  for (const std::string word : {"00:12:34", "2024-01-01", "1h30"})
    CHECK(message("a " + word) == "expected a number as the value, found `" + word + "`");
  CHECK(message("a 0\\nb_c{d=\"e\"} 1").find("not a line break") != std::string::npos);
  CHECK(message("a{b=\xE2\x80\x9C"
                "c\xE2\x80\x9D} 1")
            .find("straight double quotes") != std::string::npos);
  CHECK(message("a 1\u200b") == "expected a number as the value, found `1\\u200b`");
  CHECK(message("a{b=\"c\"}\u00a02") == "expected a number as the value, found `\\u00a02`");
  CHECK(message("a \"1\"") == "the value `\"1\"` is quoted: write the number without quotes");
  CHECK(message("a true") == "`true` is not a number: write 1");
  CHECK(message("a 1e400") == "the value `1e400` is too large for a 64-bit float");
  CHECK(message(concat({"a ", std::string(400, '1')})) ==
        concat({"the value `", std::string(40, '1'), "...` is too large for a 64-bit float"}));
  // Nor does it take the time that all its beginnings would.
  CHECK(message(concat({"a ", std::string(1 << 20, '1'), "x"})) ==
        concat({"expected a number as the value, found `", std::string(40, '1'), "...`"}));
  CHECK(message("a 1\r") == "the line ends in CRLF: convert the file to Unix line ends");
  CHECK(message("a 1 ") == "white space at the line's end: the line must end with the number");
  CHECK(message("a") == "the value is missing: write a number after the name and labels");
  CHECK(message("a=1") == "expected a value, found `=`: write a blank between name and value");
  CHECK(message("a{x='1'} 1") == "label values go in double quotes: write `x=\"1\"`");
  CHECK(message("a{x-y=\"1\"} 1") == "`-` cannot stand in a label name: write `x_y`");
  CHECK(message("\xFF\xFE"
                "a") == "the text is UTF-16: save it as UTF-8");
  CHECK(message("a{x:y=\"1\"} 1") == "`:` cannot stand in a label name: write `x_y`");
  CHECK(message("a{x=\"1\" y=\"2\"} 1") == "labels are separated by commas: write one before `y`");
  CHECK(message("a{x=\"C:\\temp\"} 1") ==
        "`\\t` is not an escape sequence (those are \\\\, \\n and \\\"): write \\\\ for a backslash");
  CHECK(message("a{x=\"1} 1") ==
        "the label value has no closing quote in this line (a line break is written \\n)");
  CHECK(message("a{__x=\"1\"} 1") ==
        "label names that begin with `__` are reserved for Prometheus' own use: rename it");
  CHECK(message("a 1 # {x=\"1\"} 1").starts_with("what follows the value is an OpenMetrics exemplar"));
  CHECK(message("{} 1") == "a sample without a metric name: write the name before the brace");
  CHECK(message("# TYPE a unknown") == "the type `unknown` is OpenMetrics': write untyped");
  CHECK(message("# TYPE a gauge_histogram").ends_with("crashes a node_exporter: write gaugehistogram"));
}

TEST_CASE("a message is fit for a terminal") {
  const std::string told = read("a{x=\"1\"} \x1b[31m\n\x01 1\n");
  CHECK(told.find('\x1b') == std::string::npos);
  CHECK(told.find('\x01') == std::string::npos);
}

TEST_CASE("numbers are those that Go's ParseFloat takes, less hexadecimal and underscores") {
  for (const char* good : {"0", "-0", "+1", "1.", ".5", "1e5", "1E+5", "1e-400", "Inf", "+inf", "-INFINITY",
                           "nan", "NaN", "0e999999999999", "1.7976931348623157e308",
                           "179769313486231570000000000000000000000", "0.00000000000000000000001e310",
                           "000000000000000000000000000000000000000000000000000000000000000000000000000000000"
                           "000000000000000000001"})
    CHECK_MESSAGE(is_exposition_number(good), good);
  for (const char* bad :
       {"",     "+",   "-",    ".",    "e5",      "1e", "1e+", "1e400", "-1e400", "1.7976931348623159e308",
        "0x10", "1_0", "+nan", "-NaN", "infinit", "1 ", "1,5", "--1",   "+-1",    "1e99999999999999999999"})
    CHECK_MESSAGE(!is_exposition_number(bad), bad);
  CHECK(is_exposition_number(std::string(400, '0') + "1"));
  CHECK(is_exposition_number("0." + std::string(400, '0') + "1e390"));
  CHECK(!is_exposition_number("1" + std::string(309, '0')));
}

TEST_CASE("a number's value is that of its text") {
  CHECK(sample_value("+1.5e3") == 1500);
  CHECK(sample_value("1e-400") == 0);
  CHECK(sample_value("-Inf") == -INFINITY);
  CHECK(std::isnan(sample_value("nan")));
  CHECK(std::signbit(sample_value("-0")));
}

TEST_CASE("a timestamp is a 64-bit integer") {
  for (const char* good : {"0", "+5", "-1", "9223372036854775807"})
    CHECK_MESSAGE(is_exposition_timestamp(good), good);
  for (const char* bad : {"", "+", "+-5", "--5", "1.5", "9223372036854775808", "5 "})
    CHECK_MESSAGE(!is_exposition_timestamp(bad), bad);
}

TEST_CASE("escapes are undone") {
  CHECK(unescape_label_value("a\\\\n\\n\\\"") == "a\\n\n\"");
  CHECK(unescape_help("say \\\"hi\\\"\\n") == "say \"hi\"\n");
}
