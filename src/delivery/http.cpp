#include "delivery/http.hpp"

#include "delivery/authorities.hpp"
#include "delivery/policy.hpp"
#include "support/text.hpp"

#include <curl/curl.h>
#include <dlfcn.h>
#include <poll.h>
#include <strings.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <ctime>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#ifdef PUSHMETRICS_STATIC_CURL
#include <nss.h>
#endif

namespace pushmetrics {
namespace {

// ---- libcurl's functions, looked up when first needed ----

// clang-format off
#define PUSHMETRICS_CURL_FUNCTIONS(USE)                                                                      \
  USE(global_init) USE(version) USE(easy_init) USE(easy_setopt) USE(easy_getinfo) USE(easy_cleanup)          \
  USE(easy_strerror) USE(multi_init) USE(multi_setopt) USE(multi_add_handle) USE(multi_remove_handle)        \
  USE(multi_socket_action) USE(multi_info_read) USE(multi_assign) USE(multi_cleanup) USE(slist_append)       \
  USE(slist_free_all)
// clang-format on

/// Debian's libcurl brings more than thirty libraries along, whose loading takes longer than many a job; so
/// pushmetrics does not link it but loads it once the job runs. A static build links it, and only initialises
/// it late.
struct Curl {
#define PUSHMETRICS_DECLARE(name) decltype(&::curl_##name) name = nullptr;
  PUSHMETRICS_CURL_FUNCTIONS(PUSHMETRICS_DECLARE)
#undef PUSHMETRICS_DECLARE

  /// Why it cannot be used; empty: it can.
  std::string problem;

  Curl() {
#ifdef PUSHMETRICS_STATIC_CURL
#define PUSHMETRICS_LINK(name) name = &::curl_##name;
    PUSHMETRICS_CURL_FUNCTIONS(PUSHMETRICS_LINK)
#undef PUSHMETRICS_LINK
    // Other sources of names are modules of the system's C library, which need not fit the one linked here.
    ::__nss_configure_lookup("hosts", "files dns");
#else
    void* library = ::dlopen("libcurl.so.4", RTLD_LAZY | RTLD_LOCAL);
    if (library == nullptr) {
      problem = concat({"libcurl cannot be loaded: ", printable(::dlerror())});
      return;
    }
#define PUSHMETRICS_LOOK_UP(name)                                           \
  name = reinterpret_cast<decltype(name)>(::dlsym(library, "curl_" #name)); \
  if (name == nullptr) problem = "libcurl.so.4 has no curl_" #name;
    PUSHMETRICS_CURL_FUNCTIONS(PUSHMETRICS_LOOK_UP)
#undef PUSHMETRICS_LOOK_UP
    if (!problem.empty()) return;
#endif
    if (global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) problem = "libcurl cannot be initialised";
  }
};

const Curl& curl() {
  static const Curl functions;
  return functions;
}

constexpr long to_curl_milliseconds(Duration duration) {
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(duration).count();
  return std::clamp<long>(static_cast<long>(milliseconds), 1, 1L << 30);
}

/// As OpenSSL writes it (`Nov 23 06:23:01 2026 GMT`), or as curl's other TLS libraries do.
std::optional<std::chrono::system_clock::time_point> parse_certificate_time(std::string_view text) {
  const std::string terminated(trim(text));
  for (const char* form : {"%b %d %H:%M:%S %Y GMT", "%Y-%m-%d %H:%M:%S GMT"}) {
    std::tm time{};
    const char* const rest = ::strptime(terminated.c_str(), form, &time);
    if (rest != nullptr && *rest == '\0') return std::chrono::system_clock::from_time_t(::timegm(&time));
  }
  return std::nullopt;
}

}  // namespace

// ---- one request ----

class HttpClient::Transfer {
 public:
  Transfer(Multi& multi, HttpRequest request, const HttpOptions& options,
           EventLoop::Clock::time_point deadline, Done done, Consumer consumer);
  ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  CURL* easy() const { return easy_; }
  /// Tells the caller, who may destroy this.
  void finish(CURLcode code);

 private:
  template <typename Value>
  void set(CURLoption option, Value value) {
    curl().easy_setopt(easy_, option, value);
  }
  void set_request();
  void set_body();
  void set_server(const HttpOptions& options);
  void add_header(const std::string& header);
  void describe_failure(CURLcode code, HttpResponse& response) const;
  void describe_connection(HttpResponse& response) const;

  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);

  Multi& multi_;
  HttpRequest request_;
  Done done_;
  Consumer consumer_;
  CURL* easy_;
  curl_slist* headers_ = nullptr;
  HttpResponse response_;
  std::size_t header_bytes_ = 0;
  bool body_cut_ = false;
  std::array<char, CURL_ERROR_SIZE> error_{};
};

// ---- all requests of a client ----

class HttpClient::Multi {
 public:
  explicit Multi(EventLoop& loop) : loop_(loop), multi_(curl().multi_init()) {
    if (multi_ == nullptr) throw std::runtime_error("libcurl gives no multi handle");
    curl().multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl().multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl().multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, on_timer);
    curl().multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  }
  ~Multi() {
    curl().multi_cleanup(multi_);
    loop_.cancel(timer_);
  }
  Multi(const Multi&) = delete;
  Multi& operator=(const Multi&) = delete;

  void add(CURL* easy) { curl().multi_add_handle(multi_, easy); }
  void remove(CURL* easy) { curl().multi_remove_handle(multi_, easy); }

 private:
  static int on_socket(CURL*, curl_socket_t socket, int what, void* self, void*) {
    auto& multi = *static_cast<Multi*>(self);
    if (what == CURL_POLL_REMOVE) {
      multi.loop_.unwatch(socket);
      return 0;
    }
    short events = 0;
    if (what != CURL_POLL_OUT) events |= POLLIN;
    if (what != CURL_POLL_IN) events |= POLLOUT;
    multi.loop_.watch(socket, events, [&multi, socket](short ready) {
      int flags = 0;
      if ((ready & (POLLIN | POLLHUP)) != 0) flags |= CURL_CSELECT_IN;
      if ((ready & POLLOUT) != 0) flags |= CURL_CSELECT_OUT;
      if ((ready & (POLLERR | POLLNVAL)) != 0) flags |= CURL_CSELECT_ERR;
      multi.act(socket, flags);
    });
    return 0;
  }

  static int on_timer(CURLM*, long milliseconds, void* self) {
    auto& multi = *static_cast<Multi*>(self);
    multi.loop_.cancel(multi.timer_);
    multi.timer_ = EventLoop::no_timer;
    if (milliseconds >= 0)
      multi.timer_ = multi.loop_.call_at(EventLoop::Clock::now() + std::chrono::milliseconds(milliseconds),
                                         [&multi] { multi.act(CURL_SOCKET_TIMEOUT, 0); });
    return 0;
  }

  void act(curl_socket_t socket, int flags) {
    int running = 0;
    curl().multi_socket_action(multi_, socket, flags, &running);
    int left = 0;
    while (const CURLMsg* message = curl().multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const CURLcode code = message->data.result;
      Transfer* transfer = nullptr;
      curl().easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
      remove(message->easy_handle);
      transfer->finish(code);
    }
  }

  EventLoop& loop_;
  CURLM* multi_;
  EventLoop::TimerId timer_ = EventLoop::no_timer;
};

HttpClient::Transfer::Transfer(Multi& multi, HttpRequest request, const HttpOptions& options,
                               EventLoop::Clock::time_point deadline, Done done, Consumer consumer)
    : multi_(multi),
      request_(std::move(request)),
      done_(std::move(done)),
      consumer_(std::move(consumer)),
      easy_(curl().easy_init()) {
  if (easy_ == nullptr) throw std::runtime_error("libcurl gives no easy handle");
  set(CURLOPT_PRIVATE, this);
  set(CURLOPT_ERRORBUFFER, error_.data());
  set(CURLOPT_NOSIGNAL, 1L);
  // A resolver that hangs must not be waited for when time is up.
  set(CURLOPT_QUICK_EXIT, 1L);
  set(CURLOPT_TIMEOUT_MS, to_curl_milliseconds(deadline - EventLoop::Clock::now()));
  set(CURLOPT_CONNECTTIMEOUT_MS, to_curl_milliseconds(options.connect_timeout));
  set_request();
  set_server(options);
  multi_.add(easy_);
}

HttpClient::Transfer::~Transfer() {
  multi_.remove(easy_);
  curl().easy_cleanup(easy_);
  curl().slist_free_all(headers_);
}

void HttpClient::Transfer::set_request() {
  set(CURLOPT_URL, request_.url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  if (!request_.unix_socket.empty()) set(CURLOPT_UNIX_SOCKET_PATH, request_.unix_socket.c_str());
  set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
  if (request_.method != "GET" && request_.method != "DELETE") set_body();
  set(CURLOPT_USERAGENT, "pushmetrics");
  if (request_.inspect_certificate) set(CURLOPT_CERTINFO, 1L);
  set(CURLOPT_WRITEFUNCTION, on_body);
  set(CURLOPT_WRITEDATA, this);
  set(CURLOPT_HEADERFUNCTION, on_header);
  set(CURLOPT_HEADERDATA, this);
  for (const std::string& header : request_.headers) add_header(header);
}

void HttpClient::Transfer::set_body() {
  set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
  set(CURLOPT_POSTFIELDS, request_.body.data());
  add_header(
      "Expect:");  // no question beforehand: it costs a round trip, or a second where nobody answers it
}

void HttpClient::Transfer::set_server(const HttpOptions& options) {
  if (!options.user.empty() || !options.password.empty()) {
    set(CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
    set(CURLOPT_USERNAME, options.user.c_str());
    set(CURLOPT_PASSWORD, options.password.c_str());
  } else if (!options.bearer_token.empty()) {
    set(CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
    set(CURLOPT_XOAUTH2_BEARER, options.bearer_token.c_str());
  }
  for (const std::string& header : options.headers) add_header(header);
  const std::string authorities =
      options.ca_certificates.empty() ? system_authorities() : options.ca_certificates;
  if (!authorities.empty()) set(CURLOPT_CAINFO, authorities.c_str());
  if (!options.certificate.empty()) set(CURLOPT_SSLCERT, options.certificate.c_str());
  if (!options.key.empty()) set(CURLOPT_SSLKEY, options.key.c_str());
  if (!options.verify) {
    set(CURLOPT_SSL_VERIFYPEER, 0L);
    set(CURLOPT_SSL_VERIFYHOST, 0L);
  }
  set(CURLOPT_HTTPHEADER, headers_);
}

void HttpClient::Transfer::add_header(const std::string& header) {
  if (curl_slist* longer = curl().slist_append(headers_, header.c_str())) headers_ = longer;
}

std::size_t HttpClient::Transfer::on_body(char* data, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const std::string_view piece(data, size * count);
  long status = 0;
  curl().easy_getinfo(transfer.easy_, CURLINFO_RESPONSE_CODE, &status);
  if (transfer.consumer_ && status == 200) return transfer.consumer_(piece) ? piece.size() : 0;
  std::string& body = transfer.response_.body;
  body += piece.substr(0, body_limit - body.size());
  transfer.body_cut_ = body.size() == body_limit;
  return transfer.body_cut_ ? 0 : piece.size();
}

std::size_t HttpClient::Transfer::on_header(char* data, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const std::string_view line(data, size * count);
  transfer.header_bytes_ += line.size();
  if (transfer.header_bytes_ > header_limit) return 0;
  const auto keep = [line](std::string_view name, std::string& place) {
    if (line.size() > name.size() && ::strncasecmp(line.data(), name.data(), name.size()) == 0)
      place = trim(line.substr(name.size()));
  };
  keep("retry-after:", transfer.response_.retry_after);
  keep("location:", transfer.response_.location);
  std::string date;
  keep("date:", date);
  if (!date.empty()) transfer.response_.server_time = parse_http_date(date);
  return line.size();
}

void HttpClient::Transfer::finish(CURLcode code) {
  long status = 0;
  curl().easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  response_.status = static_cast<int>(status);
  // An answer whose end is not wanted is an answer all the same.
  if (code != CURLE_OK && !body_cut_) describe_failure(code, response_);
  describe_connection(response_);
  const Done done = std::move(done_);
  done(std::move(response_));
}

void HttpClient::Transfer::describe_connection(HttpResponse& response) const {
  const char* peer = nullptr;
  curl_off_t looked_up = 0;
  curl().easy_getinfo(easy_, CURLINFO_PRIMARY_IP, &peer);
  curl().easy_getinfo(easy_, CURLINFO_NAMELOOKUP_TIME_T, &looked_up);
  response.peer = peer == nullptr ? "" : peer;
  response.name_resolved = looked_up > 0;
  if (!request_.inspect_certificate) return;
  curl_certinfo* chain = nullptr;
  curl().easy_getinfo(easy_, CURLINFO_CERTINFO, &chain);
  if (chain == nullptr || chain->num_of_certs == 0) return;
  for (const curl_slist* line = chain->certinfo[0]; line != nullptr; line = line->next) {
    const std::string_view text = line->data;
    constexpr std::string_view label = "Expire date:";
    if (text.starts_with(label))
      response.certificate_expires = parse_certificate_time(text.substr(label.size()));
  }
}

void HttpClient::Transfer::describe_failure(CURLcode code, HttpResponse& response) const {
  using Failure = HttpResponse::Failure;
  const std::string detail = printable(error_[0] != '\0' ? error_.data() : curl().easy_strerror(code));
  const auto fail = [&](Failure failure, std::string words) {
    response.failure = failure;
    response.error = std::move(words);
  };
  long system_error = 0;
  double connected = 0;
  curl().easy_getinfo(easy_, CURLINFO_OS_ERRNO, &system_error);
  curl().easy_getinfo(easy_, CURLINFO_CONNECT_TIME, &connected);
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY: return fail(Failure::unreachable, detail);
    case CURLE_COULDNT_CONNECT:
      return fail(Failure::unreachable,
                  system_error == 0 ? detail : ::strerror(static_cast<int>(system_error)));
    case CURLE_OPERATION_TIMEDOUT:
      return fail(Failure::timeout, connected > 0 ? "no answer in time" : "no connection in time");
    case CURLE_GOT_NOTHING: return fail(Failure::unreachable, "the connection was closed without an answer");
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_PARTIAL_FILE: return fail(Failure::unreachable, concat({"the connection broke: ", detail}));
    case CURLE_PEER_FAILED_VERIFICATION:
      return fail(Failure::certificate, concat({"the server's certificate does not verify: ", detail}));
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM: return fail(Failure::certificate, detail);
    case CURLE_SSL_CONNECT_ERROR: return fail(Failure::unreachable, concat({"no TLS connection: ", detail}));
    case CURLE_WRITE_ERROR:
      if (header_bytes_ > header_limit) return fail(Failure::other, "the answer's headers do not end");
      return fail(Failure::other, "the answer is not what was expected");
    default: return fail(Failure::other, detail);
  }
}

// ---- the client ----

HttpClient::HttpClient(EventLoop& loop) : loop_(loop) {}
HttpClient::~HttpClient() = default;

void HttpClient::preload() {
#ifndef PUSHMETRICS_STATIC_CURL
  // Loading takes several milliseconds, in which the job's end would not be noticed. Whoever needs the
  // functions meanwhile waits for them (the initialisation of curl()'s static). Without a thread, they are
  // loaded then.
  try {
    std::thread([] { curl(); }).detach();
  } catch (const std::system_error&) {
    return;
  }
#endif
}

std::string HttpClient::library_version() {
  return curl().problem.empty() ? curl().version() : curl().problem;
}

void HttpClient::CancelTransfer::operator()(Transfer* transfer) const { delete transfer; }

HttpClient::TransferHandle HttpClient::start(HttpRequest request, const HttpOptions& options,
                                             EventLoop::Clock::time_point deadline, Done done,
                                             Consumer consumer) {
  if (!curl().problem.empty()) {
    HttpResponse response;
    response.failure = HttpResponse::Failure::other;
    response.error = curl().problem;
    loop_.call_at(EventLoop::Clock::now(), [done = std::move(done), response] { done(response); });
    return nullptr;
  }
  if (!multi_) multi_ = std::make_unique<Multi>(loop_);
  return TransferHandle(
      new Transfer(*multi_, std::move(request), options, deadline, std::move(done), std::move(consumer)));
}

}  // namespace pushmetrics
