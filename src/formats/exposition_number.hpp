#pragma once

#include <string_view>

namespace pushmetrics {

/// Whether Pushgateway takes `text` for a sample's value: what Go's strconv.ParseFloat takes, less
/// hexadecimal numbers and underscores. A number too small becomes 0; one too large for a double is refused.
bool is_exposition_number(std::string_view text);

/// Whether `text` is what Go's strconv.ParseInt takes: an optional sign and digits, within 64 bits.
bool is_exposition_timestamp(std::string_view text);

}  // namespace pushmetrics
