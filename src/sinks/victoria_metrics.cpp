#include "sinks/victoria_metrics.hpp"

#include "support/text.hpp"

namespace pushmetrics {

Result<HttpRequest> VictoriaMetrics::request(const Push& push) const {
  HttpRequest request;
  request.method = "POST";
  request.url = concat({base(), "?extra_label=job%3D", percent_encoded(push.group.job())});
  for (const Label& label : push.group.labels())
    request.url.append(concat({"&extra_label=", label.name, "%3D", percent_encoded(label.value)}));
  request.headers = {"Content-Type: text/plain; version=0.0.4"};
  request.borrowed_body = push.body;
  compress_if_large(request);
  return request;
}

}  // namespace pushmetrics
