#pragma once

#include "http/certificate.hpp"
#include "http/gzip.hpp"
#include "http/http.hpp"
#include "http/libcurl.hpp"

#include <array>
#include <optional>
#include <string>
#include <string_view>

/// Only for http.cpp and http_transfer.cpp.
namespace pushmetrics {

class HttpClient::Transfer {
 public:
  Transfer() = default;
  virtual ~Transfer() = default;
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;
};

/// One request with libcurl. The deadline bounds its time, the client's limits its memory.
class CurlTransfer : public HttpClient::Transfer {
 public:
  /// `multi` must outlive it. Begins at once.
  CurlTransfer(EventLoop& loop, CURLM* multi, HttpRequest request, const HttpOptions& options,
               EventLoop::Clock::time_point deadline, HttpClient::Done done, HttpClient::Consumer consumer);
  ~CurlTransfer() override;

  /// Reports the result to the caller, who may destroy this object.
  void finish(CURLcode code);
  /// The socket that libcurl waits for on behalf of this request, or -1.
  void set_socket(int socket) { socket_ = socket; }

 private:
  template <typename Value>
  void set(CURLoption option, Value value) {
    if (curl().easy_setopt(easy_, option, value) == CURLE_OUT_OF_MEMORY) is_out_of_memory_ = true;
  }
  void begin();
  void end_at(EventLoop::Clock::time_point when, CURLcode code);
  void set_request();
  void set_body();
  void set_whole_body(std::string_view body);
  void set_server(const HttpOptions& options);
  void set_tls(const HttpOptions& options);
  void set_headers(const HttpOptions& options);
  void add_header(const std::string& header);
  bool has_header(std::string_view name) const;
  bool is_body_sent() const;
  bool is_body_received() const;
  bool is_packing_refused() const;
  void take_header_back(std::string_view name);
  void repeat(std::string body);
  void describe_failure(CURLcode code);
  std::string timeout_problem() const;
  std::string connection_problem(const std::string& detail) const;
  std::string unreachable_proxy(const std::string& detail) const;
  void describe_connection();
  Certificate certificate() const;
  template <typename Value>
  Value info(CURLINFO which) const {
    Value value{};
    curl().easy_getinfo(easy_, which, &value);
    return value;
  }
  /// A truncated response is accepted if its end is not needed or its headers say everything.
  bool is_answered(CURLcode code) const {
    return code == CURLE_OK || body_cut_ || response_.is_early || (head_is_whole_ && response_.status >= 300);
  }

  std::size_t take_body(std::string_view piece);
  std::size_t take_header(std::string_view line);
  static std::size_t on_send(char* place, std::size_t size, std::size_t count, void* self);
  static int on_send_anew(void* self, curl_off_t offset, int origin);
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);

  EventLoop& loop_;
  CURLM* multi_;
  EventLoop::TimerId end_timer_ = EventLoop::no_timer;
  /// A part of the request may be missing, so it must not be sent.
  bool is_out_of_memory_ = false;
  EventLoop::Clock::time_point deadline_;
  HttpRequest request_;
  HttpClient::Done done_;
  HttpClient::Consumer consumer_;
  int socket_ = -1;
  CURL* easy_;
  std::optional<GzipStream> packed_body_;
  std::string repeated_body_;  ///< if the server does not accept it chunked or compressed
  curl_slist* headers_ = nullptr;
  HttpResponse response_;
  std::size_t header_bytes_ = 0;
  bool head_is_whole_ = false;
  bool body_cut_ = false;
  std::array<char, CURL_ERROR_SIZE> error_{};
};

}  // namespace pushmetrics
