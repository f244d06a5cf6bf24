#include "metrics/exposition_writer.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace pushmetrics {
namespace {

void append_escaped(std::string& out, std::string_view text, std::string_view escaped) {
  for (;;) {
    const std::size_t plain = std::min(text.find_first_of(escaped), text.size());
    out += text.substr(0, plain);
    if (plain == text.size()) return;
    out += '\\';
    out += text[plain] == '\n' ? 'n' : text[plain];
    text.remove_prefix(plain + 1);
  }
}

}  // namespace

std::string write_exposition(std::span<const Family> families) {
  std::string out;
  for (const Family& family : families) {
    append_metadata(out, family.name, family.type, family.help);
    for (const Sample& sample : family.samples) append_sample(out, sample);
  }
  return out;
}

void append_metadata(std::string& out, std::string_view name, MetricType type, std::string_view help) {
  if (!help.empty()) {
    out.append("# HELP ").append(name).append(" ");
    append_escaped(out, help, "\\\n");
    out += '\n';
  }
  out.append("# TYPE ").append(name).append(" ").append(to_string(type)).append("\n");
}

void append_sample(std::string& out, const Sample& sample) {
  out += sample.name;
  char separator = '{';
  for (const Label& label : sample.labels) {
    out += separator;
    separator = ',';
    out += label.name;
    out += "=\"";
    append_label_value(out, label.value);
    out += '"';
  }
  if (separator == ',') out += '}';
  out += ' ';
  out += format_value(sample.value);
  out += '\n';
}

std::string format_value(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  return {digits, end};
}

void append_label_value(std::string& out, std::string_view text) { append_escaped(out, text, "\\\n\""); }

}  // namespace pushmetrics
