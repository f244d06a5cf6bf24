#include "sinks/answer_body.hpp"

#include "support/text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>

namespace pushmetrics {
namespace {

using Json = nlohmann::json;

bool is_encoded(std::string_view encoding) { return !encoding.empty() && lower_case(encoding) != "identity"; }

std::string_view without_bom(std::string_view body) {
  constexpr std::string_view bom = "\xEF\xBB\xBF";
  if (body.starts_with(bom)) body.remove_prefix(bom.size());
  return trim(body);
}

/// Whether the text is markup, in a type of it or not.
bool is_markup(std::string_view body, std::string_view content_type) {
  if (body.starts_with('<')) return true;
  return lower_case(content_type).find("html") != std::string::npos && body.find('<') != body.npos;
}

bool asks_for_login(std::string_view page) {
  const std::string text = lower_case(page);
  const auto has = [&](std::string_view word) { return text.find(word) != std::string::npos; };
  if (has("type=\"password\"") || has("type='password'") || has("type=password")) return true;
  const std::size_t title = text.find("<title");
  if (title == std::string::npos) return false;
  const std::string_view words = std::string_view(text).substr(title, text.find("</title", title) - title);
  constexpr std::array<std::string_view, 5> signs{"login", "log in", "sign in", "signin", "authenticat"};
  return std::ranges::any_of(signs, [&](std::string_view sign) { return words.find(sign) != words.npos; });
}

/// `name value` or `name{...} value`.
bool is_sample(std::string_view line) {
  const std::size_t name_end = line.find_first_of(" {");
  if (name_end == 0 || name_end == line.npos) return false;
  constexpr std::string_view name_characters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_:";
  if (line.substr(0, name_end).find_first_not_of(name_characters) != line.npos) return false;
  const std::size_t labels_end = line[name_end] == '{' ? line.rfind('}') : name_end;
  if (labels_end == line.npos || labels_end < name_end) return false;
  const std::string_view value = trim(line.substr(labels_end + 1));
  double number = 0;
  const auto parsed = std::from_chars(value.data(), value.data() + value.size(), number);
  return parsed.ec == std::errc() && (parsed.ptr == value.data() + value.size() || *parsed.ptr == ' ');
}

bool is_metrics_page(std::string_view body) {
  if (body.starts_with("# HELP ") || body.starts_with("# TYPE ")) return true;
  const auto lines = split(body, "\r\n");
  return lines.size() > 1 && is_sample(trim(lines[0])) && is_sample(trim(lines[1]));
}

/// Whether a member that reports an error says that there is one.
bool says_error(const Json& value) {
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_number()) return value != 0;
  return !value.is_null() && !value.empty();
}

bool is_json_error(const Json& document) {
  for (const char* const key : {"error", "errors"})
    if (const auto found = document.find(key); found != document.end() && says_error(*found)) return true;
  for (const char* const key : {"success", "ok"})
    if (const auto found = document.find(key); found != document.end() && *found == false) return true;
  const auto status = document.find("status");
  if (status == document.end() || !status->is_string()) return false;
  const std::string word = lower_case(status->get_ref<const std::string&>());
  return word == "error" || word == "fail" || word == "failed" || word == "failure";
}

}  // namespace

AnswerBody classify_body(std::string_view body, std::string_view content_type,
                         std::string_view content_encoding) {
  if (is_encoded(content_encoding) && !body.empty()) {
    const bool is_html = lower_case(content_type).find("html") != std::string::npos;
    return is_html ? AnswerBody::html_page : AnswerBody::other;
  }
  const std::string_view text = without_bom(body);
  if (text.empty()) return AnswerBody::none;
  if (is_markup(text, content_type)) {
    return asks_for_login(text) ? AnswerBody::login_page : AnswerBody::html_page;
  }
  if (text.starts_with('{') || text.starts_with('[')) {
    const Json document = Json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (document.is_object() && is_json_error(document)) return AnswerBody::json_error;
    if (!document.is_discarded()) return AnswerBody::other;
  }
  return is_metrics_page(text) ? AnswerBody::metrics_page : AnswerBody::other;
}

std::string body_words(std::string_view body, std::string_view content_encoding) {
  if (is_encoded(content_encoding)) return {};
  body = without_bom(body);
  const std::string page = lower_case(body);
  const std::size_t title = page.find("<title");
  const std::size_t words = title == std::string::npos ? title : page.find('>', title);
  if (words != std::string::npos) {
    body.remove_prefix(words + 1);
    return printable(body.substr(0, body.find('<')));
  }
  return page.find("<html") == std::string::npos ? printable(body) : std::string();
}

}  // namespace pushmetrics
