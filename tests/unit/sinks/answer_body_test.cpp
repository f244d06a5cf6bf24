#include "sinks/answer_body.hpp"

#include <doctest/doctest.h>

#include <string_view>

using namespace pushmetrics;

namespace {

AnswerBody kind_of(std::string_view body, std::string_view type = "", std::string_view encoding = "") {
  return classify_body(body, type, encoding);
}

}  // namespace

TEST_CASE("markup is a page, whatever its type, and with whatever it begins") {
  for (const std::string_view page : {"<html>", " \r\n<!DOCTYPE html>", "<HTML>", "\xEF\xBB\xBF<html>",
                                      "<!-- x --><html>", "<?xml version='1.0'?>", "<h1>It works!</h1>"})
    CHECK(kind_of(page) == AnswerBody::html_page);
  CHECK(kind_of("It works: <b>x</b>", "Text/HTML; charset=utf-8") == AnswerBody::html_page);
  CHECK(kind_of("\x1f\x8b", "text/html", "gzip") == AnswerBody::html_page);
  CHECK(kind_of("<html><title>Sign in</title>") == AnswerBody::login_page);
  CHECK(kind_of("<html><form><input type=\"password\">") == AnswerBody::login_page);
}

TEST_CASE("what receivers answer is no page") {
  CHECK(kind_of("") == AnswerBody::none);
  CHECK(kind_of("", "text/html") == AnswerBody::none);
  for (const std::string_view body :
       {"{}", "{\"partialSuccess\":{}}", "ok", "OK\n", "\x0a\x01", "null", "{\"status\":\"success\"}",
        "{\"error\":null,\"errors\":[]}", "accepted 3"})
    CHECK(kind_of(body) == AnswerBody::other);
  CHECK(kind_of("ok", "text/html") == AnswerBody::other);
  CHECK(kind_of("\x1f\x8b", "application/json", "gzip") == AnswerBody::other);
}

TEST_CASE("a page of metrics and a JSON error are distinguished from a success") {
  CHECK(kind_of("# HELP a b\n# TYPE a gauge\na 1\n") == AnswerBody::metrics_page);
  CHECK(kind_of("process_cpu_cores_available 2\nb 1\n") == AnswerBody::metrics_page);
  CHECK(kind_of("vm_merges{type=\"a b\"} 0\nvm_merges{type=\"c\"} 0\n") == AnswerBody::metrics_page);
  for (const std::string_view body :
       {"{\"error\":\"not found\"}", "{\"errors\":[{}]}", "{\"status\":\"error\"}", "{\"success\":false}"})
    CHECK(kind_of(body) == AnswerBody::json_error);
}

TEST_CASE("a page is named by its title") {
  CHECK(body_words("<html><head><TITLE lang=en>404 Not\nFound</TITLE>", "") == "404 Not Found");
  CHECK(body_words("<html><body>x", "").empty());
  CHECK(body_words("in words\n", "") == "in words");
  CHECK(body_words("\x1f\x8b", "gzip").empty());
}
