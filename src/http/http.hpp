#pragma once

#include "support/duration.hpp"
#include "support/event_loop.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pushmetrics {

/// Whether the text is a single header, `Name: value`: the name is a token, and the value contains no line
/// break and no NUL (RFC 9110, sections 5.1 and 5.5).
bool is_header(std::string_view text);

/// How to reach a server, with credentials. None of this is ever printed.
struct HttpOptions {
  Duration connect_timeout = std::chrono::seconds(3);
  std::string user;
  std::string password;
  std::string bearer_token;
  /// Each satisfies is_header().
  std::vector<std::string> headers;
  /// PEM files.
  std::string ca_certificates;
  std::string certificate;
  std::string key;
  bool verify = true;
};

struct HttpRequest {
  enum class BodyCoding {
    identity,
    gzip  ///< compressed while it is sent, without delay; its length is not announced
  };
  std::string method;
  /// http or https, without user and password.
  std::string url;
  /// Socket to connect to instead of the URL's host; empty: none.
  std::string unix_socket;
  std::vector<std::string> headers;
  std::string body;
  /// Used instead of `body` if another object owns the text until the transfer has ended.
  std::string_view borrowed_body;
  std::string_view content() const { return borrowed_body.empty() ? body : borrowed_body; }
  BodyCoding body_coding = BodyCoding::identity;
  /// Fill in HttpResponse::certificate_expires.
  bool inspect_certificate = false;
};

struct HttpResponse {
  enum class Failure {
    none,
    unreachable,  ///< no connection, or it broke before the response was complete
    timeout,
    certificate,  ///< the server's or ours
    other         ///< a retry would not change the result
  };
  Failure failure = Failure::none;
  /// Description, unless `failure` is none.
  std::string error;
  /// Stable identifier of that: `name-not-resolved`, `no-connection`, `proxy`, `timeout`, `no-tls`, `not-tls` (the
  /// server does not speak it), `certificate`, `no-answer`, `dropped`,
  /// `not-http`; else empty.
  std::string_view id = {};
  int status = 0;
  /// The server answered with success before it was sent the whole body, which it therefore has not read.
  bool is_early = false;
  /// At most `HttpClient::body_limit` bytes, unless a consumer took it.
  std::string body;
  std::string retry_after;
  std::string location;
  std::string content_type;
  std::string content_encoding;
  /// X-Prometheus-Remote-Write-Samples-Written, of remote write 2.0.
  std::string samples_written;
  /// The server's clock, to the second, if the response has a date.
  std::optional<std::chrono::system_clock::time_point> server_time;
  /// A connection was made, and TLS on it where it is to be: a request could be sent.
  bool is_connected = false;
  /// The address at the other end: a proxy's, where one is in between. Empty: no connection.
  std::string peer;
  /// The server's name was resolved. False if nothing had to be resolved.
  bool name_resolved = false;
  /// When the server's certificate expires, if `HttpRequest::inspect_certificate` is set.
  std::optional<std::chrono::system_clock::time_point> certificate_expires;
};

/// How much of TLS is set up when libcurl is initialised.
enum class TlsSetup {
  full,
  minimal  ///< for plain HTTP only: without the system's OpenSSL configuration
};

/// HTTP with libcurl, driven by the event loop. libcurl is loaded and initialised on first use, so that it
/// costs nothing before the job runs. Endless responses are bounded: in time by the deadline, in memory by
/// the limits.
class HttpClient {
 public:
  static constexpr std::size_t body_limit = std::size_t{64} << 10;
  static constexpr std::size_t header_limit = std::size_t{64} << 10;

  explicit HttpClient(EventLoop& loop, TlsSetup tls = TlsSetup::full);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  EventLoop& loop() const { return loop_; }

  /// Loads libcurl in the background, for example while the job runs.
  static void preload(TlsSetup tls);
  /// libcurl's description of its version and its TLS library.
  static std::string library_version();

  /// A request in progress. Destroying it cancels it.
  class Transfer;
  struct CancelTransfer {
    void operator()(Transfer* transfer) const;
  };
  using TransferHandle = std::unique_ptr<Transfer, CancelTransfer>;
  using Done = std::function<void(HttpResponse)>;
  /// Receives a piece of the body of a successful response; returning false ends the transfer.
  using Consumer = std::function<bool(std::string_view)>;

  /// Calls `done` once, never before this function has returned. Redirects are not followed.
  TransferHandle start(HttpRequest request, const HttpOptions& options, EventLoop::Clock::time_point deadline,
                       Done done, Consumer consumer = nullptr);

 private:
  class Multi;
  EventLoop& loop_;
  TlsSetup tls_;
  std::unique_ptr<Multi> multi_;
};

}  // namespace pushmetrics
