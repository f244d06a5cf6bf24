#include "http/http_transfer.hpp"

#include "http/ca_bundle.hpp"
#include "http/http_date.hpp"
#include "support/text.hpp"

#include <linux/sockios.h>
#include <strings.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cstdio>
#include <new>
#include <stdexcept>
#include <utility>

namespace pushmetrics {
namespace {

/// For what libcurl calls: no exception may pass through it.
template <typename Call>
std::size_t without_exceptions(const Call& call, std::size_t on_failure) {
  try {
    return call();
  } catch (const std::bad_alloc&) {
    return on_failure;
  }
}

constexpr long to_curl_milliseconds(Duration duration) {
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(duration).count();
  return std::clamp<long>(static_cast<long>(milliseconds), 1, 1L << 30);
}

}  // namespace

CurlTransfer::CurlTransfer(EventLoop& loop, CURLM* multi, HttpRequest request, const HttpOptions& options,
                           EventLoop::Clock::time_point deadline, HttpClient::Done done,
                           HttpClient::Consumer consumer)
    : loop_(loop),
      multi_(multi),
      deadline_(deadline),
      request_(std::move(request)),
      done_(std::move(done)),
      consumer_(std::move(consumer)),
      easy_(curl().easy_init()) {
  if (easy_ == nullptr) throw std::runtime_error("libcurl gives no easy handle");
  set(CURLOPT_PRIVATE, this);
  set(CURLOPT_ERRORBUFFER, error_.data());
  set(CURLOPT_NOSIGNAL, 1L);
  // Do not wait for a resolver that hangs once the time limit is reached.
  set(CURLOPT_QUICK_EXIT, 1L);
  set(CURLOPT_TIMEOUT_MS, to_curl_milliseconds(deadline - EventLoop::Clock::now()));
  set(CURLOPT_CONNECTTIMEOUT_MS, to_curl_milliseconds(options.connect_timeout));
  set_request();
  set_server(options);
  set_headers(options);
  begin();
}

/// libcurl is not relied on for the end: where it fails for want of memory, it may set no timer, and report nothing.
void CurlTransfer::begin() {
  constexpr std::chrono::milliseconds grace(250);
  end_at(std::max(deadline_, EventLoop::Clock::now()) + grace, CURLE_OPERATION_TIMEDOUT);
  if (is_out_of_memory_ || curl().multi_add_handle(multi_, easy_) != CURLM_OK)
    end_at(EventLoop::Clock::now(), CURLE_OUT_OF_MEMORY);
}

void CurlTransfer::end_at(EventLoop::Clock::time_point when, CURLcode code) {
  loop_.cancel(end_timer_);
  end_timer_ = loop_.call_at(when, [this, code] {
    curl().multi_remove_handle(multi_, easy_);
    finish(code);
  });
}

CurlTransfer::~CurlTransfer() {
  loop_.cancel(end_timer_);
  curl().multi_remove_handle(multi_, easy_);
  curl().easy_cleanup(easy_);
  curl().slist_free_all(headers_);
}

void CurlTransfer::set_request() {
  set(CURLOPT_URL, request_.url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  if (!request_.unix_socket.empty()) set(CURLOPT_UNIX_SOCKET_PATH, request_.unix_socket.c_str());
  if (request_.method != "GET" && request_.method != "DELETE") set_body();
  set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
  set(CURLOPT_USERAGENT, "pushmetrics");
  set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);  // the headers of a proxy are not those of the server
  set(CURLOPT_WRITEFUNCTION, on_body);
  set(CURLOPT_WRITEDATA, this);
  set(CURLOPT_HEADERFUNCTION, on_header);
  set(CURLOPT_HEADERDATA, this);
}

void CurlTransfer::set_body() {
  if (request_.body_coding == HttpRequest::BodyCoding::gzip) {
    packed_body_.emplace(request_.content());
    set(CURLOPT_UPLOAD, 1L);  // of unknown length: chunked, unless the protocol has another way
    set(CURLOPT_READFUNCTION, on_send);
    set(CURLOPT_READDATA, this);
    set(CURLOPT_SEEKFUNCTION, on_send_anew);
    set(CURLOPT_SEEKDATA, this);
    request_.headers.emplace_back("Content-Encoding: gzip");  // lower case: PROTOCOL.md, "Pushing"
    return;
  }
  set_whole_body(request_.content());
}

void CurlTransfer::set_whole_body(std::string_view body) {
  set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  set(CURLOPT_POSTFIELDS, body.data());
}

void CurlTransfer::set_server(const HttpOptions& options) {
  if (!options.user.empty() || !options.password.empty()) {
    set(CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
    set(CURLOPT_USERNAME, options.user.c_str());
    set(CURLOPT_PASSWORD, options.password.c_str());
  } else if (!options.bearer_token.empty()) {
    set(CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
    set(CURLOPT_XOAUTH2_BEARER, options.bearer_token.c_str());
  }
  if (request_.url.starts_with("https:")) set_tls(options);
}

void CurlTransfer::set_tls(const HttpOptions& options) {
  set(CURLOPT_CERTINFO, 1L);  // to explain a certificate that is for another host
  const std::string authorities =
      options.ca_certificates.empty() ? system_authorities() : options.ca_certificates;
  if (!authorities.empty()) set(CURLOPT_CAINFO, authorities.c_str());
  if (!options.certificate.empty()) {
    set(CURLOPT_SSLCERT, options.certificate.c_str());
    set(CURLOPT_KEYPASSWD, "");  // an encrypted key is an error, not a prompt on the terminal
  }
  if (!options.key.empty()) set(CURLOPT_SSLKEY, options.key.c_str());
  if (!options.verify) {
    set(CURLOPT_SSL_VERIFYPEER, 0L);
    set(CURLOPT_SSL_VERIFYHOST, 0L);
  }
}

void CurlTransfer::set_headers(const HttpOptions& options) {
  for (const std::string& header : options.headers) add_header(header);
  // Headers given by the user override ours.
  for (const std::string& header : request_.headers)
    if (!has_header(std::string_view(header).substr(0, header.find(':') + 1))) add_header(header);
  // Without `Expect: 100-continue`, which costs a round trip, or a second if the server ignores it.
  add_header("Expect:");
  set(CURLOPT_HTTPHEADER, headers_);
}

bool CurlTransfer::has_header(std::string_view name) const {
  for (const curl_slist* header = headers_; header != nullptr; header = header->next)
    if (::strncasecmp(header->data, name.data(), name.size()) == 0) return true;
  return false;
}

/// libcurl drops a header without a value.
void CurlTransfer::take_header_back(std::string_view name) {
  for (curl_slist* header = headers_; header != nullptr; header = header->next)
    if (::strncasecmp(header->data, name.data(), name.size()) == 0) header->data[name.size()] = '\0';
}

void CurlTransfer::add_header(const std::string& header) {
  if (curl_slist* longer = curl().slist_append(headers_, header.c_str()))
    headers_ = longer;
  else
    is_out_of_memory_ = true;
}

std::size_t CurlTransfer::on_send(char* place, std::size_t size, std::size_t count, void* self) {
  return without_exceptions(
      [&] {
        return static_cast<CurlTransfer*>(self)->packed_body_->read({place, size * count});
      },
      CURL_READFUNC_ABORT);
}

/// If a kept-alive connection turns out to be closed, libcurl sends the request again on a new one.
int CurlTransfer::on_send_anew(void* self, curl_off_t offset, int origin) {
  if (offset != 0 || origin != SEEK_SET) return CURL_SEEKFUNC_CANTSEEK;
  static_cast<CurlTransfer*>(self)->packed_body_->rewind();
  return CURL_SEEKFUNC_OK;
}

std::size_t CurlTransfer::on_body(char* data, std::size_t size, std::size_t count, void* self) {
  const std::string_view piece(data, size * count);
  return without_exceptions([&] { return static_cast<CurlTransfer*>(self)->take_body(piece); }, 0);
}

std::size_t CurlTransfer::take_body(std::string_view piece) {
  if (consumer_ && info<long>(CURLINFO_RESPONSE_CODE) == 200) return consumer_(piece) ? piece.size() : 0;
  std::string& body = response_.body;
  body += piece.substr(0, HttpClient::body_limit - body.size());
  body_cut_ = body.size() == HttpClient::body_limit;
  return body_cut_ ? 0 : piece.size();
}

std::size_t CurlTransfer::on_header(char* data, std::size_t size, std::size_t count, void* self) {
  const std::string_view line(data, size * count);
  return without_exceptions([&] { return static_cast<CurlTransfer*>(self)->take_header(line); }, 0);
}

std::size_t CurlTransfer::take_header(std::string_view line) {
  header_bytes_ += line.size();
  if (header_bytes_ > HttpClient::header_limit) return 0;
  if (line.starts_with("HTTP/")) {  // once more after an interim answer (1xx)
    response_ = {};
    head_is_whole_ = false;
  }
  if (trim(line).empty()) {
    head_is_whole_ = true;
    const long status = info<long>(CURLINFO_RESPONSE_CODE);
    response_.is_early = status >= 200 && status < 300 && !(is_body_sent() && is_body_received());
    if (response_.is_early) return 0;  // the rest of the body would be sent to nobody
  }
  const auto keep = [line](std::string_view name, std::string& place) {
    if (line.size() > name.size() && ::strncasecmp(line.data(), name.data(), name.size()) == 0)
      place = trim(line.substr(name.size()));
  };
  keep("retry-after:", response_.retry_after);
  keep("location:", response_.location);
  keep("content-type:", response_.content_type);
  keep("content-encoding:", response_.content_encoding);
  keep("x-prometheus-remote-write-samples-written:", response_.samples_written);
  std::string date;
  keep("date:", date);
  if (!date.empty()) response_.server_time = parse_http_date(date);
  return line.size();
}

/// As far as the other end's system acknowledges it, with the answer at the latest. HTTP/2 sends more than the body.
bool CurlTransfer::is_body_received() const {
  if (socket_ < 0 || info<long>(CURLINFO_HTTP_VERSION) >= CURL_HTTP_VERSION_2_0) return true;
  int waiting = 0;
  return ::ioctl(socket_, SIOCOUTQ, &waiting) != 0 || waiting == 0;
}

/// As far as the system has taken it.
bool CurlTransfer::is_body_sent() const {
  if (packed_body_ && repeated_body_.empty()) return packed_body_->is_finished();
  if (request_.method == "GET" || request_.method == "DELETE") return true;
  const std::size_t size = repeated_body_.empty() ? request_.content().size() : repeated_body_.size();
  return info<curl_off_t>(CURLINFO_SIZE_UPLOAD_T) >= static_cast<curl_off_t>(size);
}

void CurlTransfer::finish(CURLcode code) {
  loop_.cancel(end_timer_);
  // Python's servers, for one, answer 501 to chunks.
  constexpr int length_required = 411, not_implemented = 501;
  if (head_is_whole_) response_.status = static_cast<int>(info<long>(CURLINFO_RESPONSE_CODE));
  if (packed_body_ && repeated_body_.empty()) {
    if (response_.status == length_required || response_.status == not_implemented)
      return repeat(packed_body_->whole());
    if (is_packing_refused()) {
      take_header_back("content-encoding:");
      return repeat(std::string(request_.content()));
    }
  }
  if (!is_answered(code)) describe_failure(code);
  describe_connection();
  const HttpClient::Done done = std::move(done_);
  done(std::move(response_));
}

/// Pushgateway supports gzip from 1.5 on; older versions parse it as text (PROTOCOL.md, "Pushing").
bool CurlTransfer::is_packing_refused() const {
  constexpr int bad_request = 400, unsupported_media_type = 415;
  return response_.status == unsupported_media_type ||
         (response_.status == bad_request && response_.body.find("parsing error") != std::string::npos);
}

/// With a length, for servers and proxies that accept no chunked body (RFC 9110, "411 Length Required").
void CurlTransfer::repeat(std::string body) {
  repeated_body_ = std::move(body);
  set(CURLOPT_UPLOAD, 0L);
  set_whole_body(repeated_body_);
  set(CURLOPT_TIMEOUT_MS, to_curl_milliseconds(deadline_ - EventLoop::Clock::now()));
  response_ = {};
  header_bytes_ = 0;
  head_is_whole_ = false;
  body_cut_ = false;
  error_ = {};
  begin();
}

void CurlTransfer::describe_connection() {
  const auto* peer = info<const char*>(CURLINFO_PRIMARY_IP);
  response_.peer = peer == nullptr ? "" : peer;
  response_.is_connected = info<curl_off_t>(CURLINFO_PRETRANSFER_TIME_T) > 0;
  response_.name_resolved = info<curl_off_t>(CURLINFO_NAMELOOKUP_TIME_T) > 0;
  if (request_.inspect_certificate) response_.certificate_expires = certificate().expires;
}

Certificate CurlTransfer::certificate() const {
  Certificate certificate;
  const auto* chain = info<curl_certinfo*>(CURLINFO_CERTINFO);
  if (chain == nullptr || chain->num_of_certs == 0) return certificate;
  for (const curl_slist* field = chain->certinfo[0]; field != nullptr; field = field->next)
    certificate.read_field(field->data);
  return certificate;
}

}  // namespace pushmetrics
