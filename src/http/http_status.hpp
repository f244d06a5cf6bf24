#pragma once

namespace pushmetrics {

/// 408, 425, 429 and 5xx.
bool is_retryable_status(int status);

/// 400 and its like: the request's content is wrong and will stay so. The other 4xx, and 3xx, are about who
/// asked, and where.
bool is_content_error(int status);

}  // namespace pushmetrics
