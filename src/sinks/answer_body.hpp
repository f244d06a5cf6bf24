#pragma once

#include <string>
#include <string_view>

namespace pushmetrics {

/// What the body of an answer is. A receiver of metrics answers a push with no body, with JSON or with protobuf;
/// some that imitate one with a word such as `ok`
/// (PROTOCOL.md, "Answers to a push").
enum class AnswerBody {
  none,
  html_page,
  login_page,
  metrics_page,  ///< what Prometheus scrapes
  json_error,    ///< a JSON object that reports an error
  other          ///< short text, JSON without an error, protobuf, anything compressed
};

/// Classifies `body`; `content_type` and `content_encoding` are the values of its headers.
AnswerBody classify_body(std::string_view body, std::string_view content_type,
                         std::string_view content_encoding);

/// What a body says to a person, safe to print: a page's title, or all of it; empty if there is nothing to read.
std::string body_words(std::string_view body, std::string_view content_encoding);

}  // namespace pushmetrics
