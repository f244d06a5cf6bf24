#pragma once

namespace pushmetrics {

/// 408, 425, 429 and 5xx, except 501 and 505.
bool is_retryable_status(int status);

/// 400 and similar: the request itself is wrong, and a retry would fail again. Other 4xx, and 3xx, depend on
/// the credentials or the URL.
bool is_content_error(int status);

}  // namespace pushmetrics
