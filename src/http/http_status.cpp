#include "http/http_status.hpp"

#include <algorithm>
#include <iterator>

namespace pushmetrics {

bool is_retryable_status(int status) {
  constexpr int not_implemented = 501, version_not_supported = 505;  // which a retry does not change
  if (status == not_implemented || status == version_not_supported) return false;
  return status == 408 || status == 425 || status == 429 || (status >= 500 && status <= 599);
}

bool is_content_error(int status) {
  constexpr int statuses[] = {400, 409, 411, 413, 414, 415, 422, 431};
  return std::ranges::find(statuses, status) != std::end(statuses);
}

}  // namespace pushmetrics
