#include "delivery/pushgateway.hpp"

#include "delivery/gateway_groups.hpp"
#include "support/text.hpp"

namespace pushmetrics {

std::unique_ptr<GroupStore> Pushgateway::groups() { return std::make_unique<GatewayGroups>(endpoint()); }

HttpRequest Pushgateway::request(const Push& push) const {
  HttpRequest request;
  request.method = push.mode == PushMode::replace ? "PUT" : "POST";
  request.url = concat({base(), push.group.url_path()});
  request.headers = {"Content-Type: text/plain; version=0.0.4"};
  request.body = encode_body(push.body, request.headers);
  return request;
}

}  // namespace pushmetrics
