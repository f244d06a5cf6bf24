#include "sinks/address_hint.hpp"

#include "support/text.hpp"

#include <algorithm>
#include <array>

namespace pushmetrics {
namespace {

constexpr std::string_view text_import = "/api/v1/import/prometheus";
constexpr const char* grpc_port =
    "4317 is the port of OTLP over gRPC, which is not supported; OTLP over HTTP has 4318";

/// The parts of a target's URL, without user and password.
struct Address {
  std::string_view base;
  std::string_view scheme;     ///< with `://`
  std::string_view authority;  ///< host and port
  std::string_view path;

  explicit Address(std::string_view url) : base(url) {
    const std::size_t start = url.find("://") + 3;
    scheme = url.substr(0, start);
    authority = url.substr(start, url.find('/', start) - start);
    path = url.substr(start + authority.size());
  }
  bool has_port(std::string_view port) const {
    return authority.ends_with(port) && authority.size() > port.size() &&
           authority[authority.size() - port.size() - 1] == ':';
  }
  std::string root() const { return concat({scheme, authority}); }
};

std::string_view protocol_of(Receiver receiver) {
  switch (receiver) {
    case Receiver::remote_write: return "remote-write+";
    case Receiver::remote_write_2: return "remote-write2+";
    case Receiver::otlp: return "otlp+";
    case Receiver::pushgateway:
    case Receiver::victoria_metrics: break;
  }
  return "";
}

bool takes_remote_write(Receiver receiver) {
  return receiver == Receiver::remote_write || receiver == Receiver::remote_write_2;
}

/// In the words of Go, nginx, Apache and Tomcat.
bool demands_tls(const HttpResponse& response) {
  constexpr std::array<std::string_view, 4> signs{
      "HTTP request to an HTTPS server", "plain HTTP request was sent to HTTPS port",
      "speaking plain HTTP to an SSL-enabled server port", "combination of host and port requires TLS"};
  return std::ranges::any_of(
      signs, [&](std::string_view sign) { return response.body.find(sign) != std::string::npos; });
}

bool is_victoria_metrics(const HttpResponse& response) {
  return response.body.find("unsupported path requested") != std::string::npos;
}

/// `http` where `https` is meant, or the other way round.
std::string scheme_hint(const Address& address, Receiver receiver, const HttpResponse& response) {
  const bool is_https = address.scheme == "https://";
  const std::string_view rest = address.base.substr(address.scheme.size());
  if (is_https && response.id == "not-tls")
    return concat({"the server does not speak TLS there: write ", protocol_of(receiver), "http://", rest});
  if (!is_https && demands_tls(response))
    return concat({"the server speaks TLS there: write ", protocol_of(receiver), "https://", rest});
  return {};
}

/// Some servers only close the connection then.
std::string possible_scheme_hint(const Address& address, Receiver receiver, const HttpResponse& response) {
  if (receiver == Receiver::otlp && address.has_port("4317") && response.status == 0 && response.is_connected)
    return grpc_port;
  if (address.scheme == "http://" && (response.id == "not-http" || response.id == "no-answer"))
    return concat({"if the server speaks TLS there, write ", protocol_of(receiver), "https://",
                   address.base.substr(address.scheme.size())});
  return {};
}

/// The path is that of another protocol.
std::string protocol_hint(const Address& address, Receiver receiver) {
  const auto ends_in_one_of = [&](std::initializer_list<std::string_view> paths) {
    return std::ranges::any_of(paths, [&](std::string_view path) { return address.path.ends_with(path); });
  };
  const bool is_text = receiver == Receiver::pushgateway || receiver == Receiver::victoria_metrics;
  if (address.path.find("/loki/") != address.path.npos) return "Loki takes logs, not metrics";
  if (!takes_remote_write(receiver) &&
      ends_in_one_of({"/api/v1/write", "/api/v1/push", "/api/v1/receive", "/api/prom/push",
                      "/prom/remote/write", "/api/v1/write/v1/metrics"})) {
    std::string_view base = address.base;
    if (base.ends_with("/v1/metrics")) base.remove_suffix(std::string_view("/v1/metrics").size());
    return concat({"that is the path of remote write: write remote-write+", base});
  }
  if (receiver != Receiver::otlp && ends_in_one_of({"/v1/metrics", "/otlp", "/opentelemetry"}))
    return concat({"that is the path of OTLP: write otlp+", address.base});
  if (is_text && ends_in_one_of({"/api/v1/import"}))
    return concat({"that path takes JSON: write ", address.base, "/prometheus"});
  if (!is_text && address.path.find(text_import) != address.path.npos)
    return concat({"that path takes the text format: write ",
                   address.base.substr(0, address.base.find(text_import) + text_import.size())});
  return {};
}

std::string victoria_metrics_hint(const Address& address, Receiver receiver) {
  switch (receiver) {
    case Receiver::remote_write:
    case Receiver::remote_write_2:
      return concat({"VictoriaMetrics takes remote write at remote-write+", address.root(), "/api/v1/write"});
    case Receiver::otlp:
      return concat({"VictoriaMetrics takes OTLP at otlp+", address.root(), "/opentelemetry"});
    case Receiver::pushgateway:
    case Receiver::victoria_metrics: break;
  }
  return concat({"VictoriaMetrics takes pushes at ", address.root(), text_import});
}

/// What usually listens on the port.
std::string port_hint(const Address& address, Receiver receiver) {
  const bool is_gateway = receiver == Receiver::pushgateway;
  if (is_gateway && address.has_port("9090"))
    return concat(
        {"9090 is Prometheus' port, the Pushgateway's is 9091; Prometheus itself takes remote "
         "write: remote-write+",
         address.root()});
  if (receiver == Receiver::otlp && address.has_port("9090"))
    return concat(
        {"Prometheus takes OTLP at otlp+", address.root(), "/api/v1/otlp, with --web.enable-otlp-receiver"});
  if (is_gateway && address.has_port("8480"))
    return concat({"vminsert takes pushes at ", address.root(), "/insert/0/prometheus", text_import});
  if (is_gateway && address.has_port("4318"))
    return concat({"4318 is the port of OTLP: write otlp+", address.root()});
  if (receiver == Receiver::otlp && address.has_port("4317")) return grpc_port;
  if (!is_gateway && address.has_port("9091"))
    return concat({"if it is a Pushgateway, write ", address.root()});
  return {};
}

std::string receiver_hint(Receiver receiver) {
  switch (receiver) {
    case Receiver::pushgateway:
      return "check host, port and path of the URL; a Pushgateway listens on port 9091 by default";
    case Receiver::victoria_metrics:
      return "check host and port of the URL; VictoriaMetrics listens on port 8428 by default";
    case Receiver::remote_write:
    case Receiver::remote_write_2:
      return "check the URL; the path is /api/v1/write for Prometheus and VictoriaMetrics, /api/v1/push for "
             "Mimir and Cortex, /api/v1/receive for Thanos";
    case Receiver::otlp:
      return "check the URL; an OTLP receiver listens on port 4318 by default, and its path ends in "
             "/v1/metrics";
  }
  return {};
}

/// Whether the answer is one that a server gives where nothing is pushed to.
bool is_elsewhere(const AttemptResult& result) {
  constexpr std::array statuses{404, 405, 410, 501};
  return result.id == "no-receiver" || std::ranges::find(statuses, result.status) != statuses.end();
}

}  // namespace

AttemptResult with_address_hint(AttemptResult result, const HttpEndpoint& endpoint,
                                const HttpResponse& response) {
  if (result.kind == AttemptResult::Kind::delivered || !result.hint.empty()) return result;
  constexpr std::array about_access{401, 403, 407};
  if (std::ranges::find(about_access, result.status) != about_access.end()) return result;
  const Address address(endpoint.base);
  const Receiver receiver = endpoint.receiver;
  const bool is_answer = result.status != 0 && result.kind != AttemptResult::Kind::retry;
  std::string hint;
  if (endpoint.unix_socket.empty()) {
    hint = scheme_hint(address, receiver, response);
    if (hint.empty() && is_answer) hint = protocol_hint(address, receiver);
    if (hint.empty() && is_victoria_metrics(response)) hint = victoria_metrics_hint(address, receiver);
  }
  const bool is_certain = !hint.empty();
  if (hint.empty() && endpoint.unix_socket.empty()) hint = possible_scheme_hint(address, receiver, response);
  const std::string_view scraped = "/metrics";
  if (hint.empty() && is_elsewhere(result)) {
    hint = port_hint(address, receiver);
    if (receiver == Receiver::pushgateway && address.path.ends_with(scraped) && hint.empty())
      hint = concat({"leave out /metrics at the end of the URL, which a push appends: ",
                     address.base.substr(0, address.base.size() - scraped.size())});
    if (hint.empty()) hint = receiver_hint(receiver);
  }
  if (is_certain) result.kind = AttemptResult::Kind::needs_attention;
  result.hint = std::move(hint);
  return result;
}

}  // namespace pushmetrics
