#include "http/http_status.hpp"

#include <doctest/doctest.h>

#include <initializer_list>

using namespace pushmetrics;

TEST_CASE("only what may pass by itself is tried again") {
  for (const int status : {408, 425, 429, 500, 502, 503, 504, 599}) CHECK(is_retryable_status(status));
  for (const int status : {0, 200, 301, 307, 400, 401, 403, 404, 405, 409, 413, 422, 499, 501, 505, 600})
    CHECK_FALSE(is_retryable_status(status));
}

TEST_CASE("a refusal of the push is told from one of who asked, and where") {
  for (const int status : {400, 409, 413, 415, 422}) CHECK(is_content_error(status));
  for (const int status : {301, 307, 401, 403, 404, 405, 407, 429, 500})
    CHECK_FALSE(is_content_error(status));
}
