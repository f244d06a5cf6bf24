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

/// Whether the text is one header and no more, `Name: value`: the name a token, no line's end and no NUL in
/// the value (RFC 9110, sections 5.1 and 5.5).
bool is_header(std::string_view text);

/// How to reach a server, and as whom. Nothing of this is ever printed.
struct HttpOptions {
  Duration connect_timeout = std::chrono::seconds(3);
  std::string user;
  std::string password;
  std::string bearer_token;
  /// Each as is_header has it.
  std::vector<std::string> headers;
  /// Files in PEM form.
  std::string ca_certificates;
  std::string certificate;
  std::string key;
  bool verify = true;
};

struct HttpRequest {
  enum class BodyCoding {
    identity,
    gzip  ///< packed while it is sent, so that nobody waits for it; then its length is not told beforehand
  };
  std::string method;
  /// http or https, without user and password.
  std::string url;
  /// The path of the socket to connect to instead of the URL's host; empty: none.
  std::string unix_socket;
  std::vector<std::string> headers;
  std::string body;
  /// Instead of `body`, where somebody else holds it until the transfer has ended.
  std::string_view borrowed_body;
  std::string_view content() const { return borrowed_body.empty() ? body : borrowed_body; }
  BodyCoding body_coding = BodyCoding::identity;
  /// Fill in HttpResponse::certificate_expires.
  bool inspect_certificate = false;
};

struct HttpResponse {
  enum class Failure {
    none,
    unreachable,  ///< no connection, or it broke before the answer was whole
    timeout,
    certificate,  ///< of the server, or ours
    other         ///< what trying again cannot change
  };
  Failure failure = Failure::none;
  /// In words, unless `failure` is none.
  std::string error;
  int status = 0;
  /// At most `HttpClient::body_limit` bytes of it, unless a consumer took it.
  std::string body;
  std::string retry_after;
  std::string location;
  std::string content_encoding;
  /// The server's clock, to the second, where it told the time.
  std::optional<std::chrono::system_clock::time_point> server_time;
  /// A connection was made, and TLS on it where it is to be: a request could be sent.
  bool is_connected = false;
  /// The address at the other end: a proxy's, where one is in between. Empty: no connection.
  std::string peer;
  /// The server's name had an address. False also when nothing had to be looked up.
  bool name_resolved = false;
  /// When the server's certificate ends, where `HttpRequest::inspect_certificate` asked for it.
  std::optional<std::chrono::system_clock::time_point> certificate_expires;
};

/// What of TLS is set up when libcurl is initialised.
enum class TlsSetup {
  full,
  minimal  ///< for plain HTTP only: without the system's OpenSSL configuration
};

/// HTTP by libcurl, driven by the event loop. libcurl is loaded and initialised when it is first needed, so
/// that it costs nothing before the job runs. Bounded against servers that never stop talking: in time by the
/// deadline, in memory by the limits.
class HttpClient {
 public:
  static constexpr std::size_t body_limit = std::size_t{64} << 10;
  static constexpr std::size_t header_limit = std::size_t{64} << 10;

  explicit HttpClient(EventLoop& loop, TlsSetup tls = TlsSetup::full);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  EventLoop& loop() const { return loop_; }

  /// Loads libcurl on the side: while the job runs, say.
  static void preload(TlsSetup tls);
  /// libcurl's own words on its version and its TLS library.
  static std::string library_version();

  /// A request under way. Destroying it cancels it.
  class Transfer;
  struct CancelTransfer {
    void operator()(Transfer* transfer) const;
  };
  using TransferHandle = std::unique_ptr<Transfer, CancelTransfer>;
  using Done = std::function<void(HttpResponse)>;
  /// Takes a piece of a successful answer's body; false ends the transfer.
  using Consumer = std::function<bool(std::string_view)>;

  /// Calls `done` once, never before it has returned. Redirects are not followed.
  TransferHandle start(HttpRequest request, const HttpOptions& options, EventLoop::Clock::time_point deadline,
                       Done done, Consumer consumer = nullptr);

 private:
  class Multi;
  EventLoop& loop_;
  TlsSetup tls_;
  std::unique_ptr<Multi> multi_;
};

}  // namespace pushmetrics
