#pragma once

namespace pushmetrics {

/// What a target's URL says is at the other end.
enum class Receiver { pushgateway, victoria_metrics, remote_write, remote_write_2, otlp };

}  // namespace pushmetrics
