#include "http/http.hpp"

#include "http/ca_bundle.hpp"
#include "http/http_transfer.hpp"
#include "support/text.hpp"

#include <malloc.h>
#include <poll.h>
#include <sys/stat.h>

#include <cstdlib>
#include <exception>
#include <new>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

namespace pushmetrics {
namespace {

/// A request that cannot be started.
class FailedTransfer : public HttpClient::Transfer {
 public:
  FailedTransfer(EventLoop& loop, HttpResponse::Failure failure, const std::string& problem,
                 HttpClient::Done done)
      : loop_(loop), timer_(loop.call_at(EventLoop::Clock::now(), [failure, problem, done = std::move(done)] {
          HttpResponse response;
          response.failure = failure;
          response.error = problem;
          done(std::move(response));
        })) {}
  ~FailedTransfer() override { loop_.cancel(timer_); }

 private:
  EventLoop& loop_;
  EventLoop::TimerId timer_;
};

/// The file that libcurl would open. At a FIFO without a writer it would block forever, beyond all time
/// limits.
std::string find_endless_file(const HttpOptions& options) {
  for (const std::string& path :
       {options.ca_certificates.empty() ? system_authorities() : options.ca_certificates, options.certificate,
        options.key}) {
    struct stat status {};
    if (!path.empty() && ::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) return path;
  }
  return "";
}

}  // namespace

bool is_header(std::string_view text) {
  constexpr std::string_view token(
      "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
  constexpr std::string_view refused("\r\n\0", 3);
  const std::size_t name_end = text.find_first_not_of(token);
  return name_end != 0 && name_end != text.npos && text[name_end] == ':' &&
         text.find_first_of(refused) == text.npos;
}

/// All requests of a client, driven by the event loop.
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

  CURLM* handle() const { return multi_; }

 private:
  static int on_socket(CURL* easy, curl_socket_t socket, int what, void* self, void*) {
    auto& multi = *static_cast<Multi*>(self);
    if (CurlTransfer* transfer = transfer_of(easy))
      transfer->set_socket(what == CURL_POLL_REMOVE ? -1 : socket);
    if (what == CURL_POLL_REMOVE) {
      multi.loop_.unwatch(socket);
      return 0;
    }
    try {
      multi.watch(socket, what);
      return 0;
    } catch (const std::bad_alloc&) {  // which must not pass through libcurl
      return -1;
    }
  }

  static CurlTransfer* transfer_of(CURL* easy) {
    CurlTransfer* transfer = nullptr;
    curl().easy_getinfo(easy, CURLINFO_PRIVATE, &transfer);
    return transfer;
  }

  void watch(curl_socket_t socket, int what) {
    short events = 0;
    if (what != CURL_POLL_OUT) events |= POLLIN;
    if (what != CURL_POLL_IN) events |= POLLOUT;
    loop_.watch(socket, events, [this, socket](short ready) {
      int flags = 0;
      if ((ready & (POLLIN | POLLHUP)) != 0) flags |= CURL_CSELECT_IN;
      if ((ready & POLLOUT) != 0) flags |= CURL_CSELECT_OUT;
      if ((ready & (POLLERR | POLLNVAL)) != 0) flags |= CURL_CSELECT_ERR;
      act(socket, flags);
    });
  }

  static int on_timer(CURLM*, long milliseconds, void* self) {
    auto& multi = *static_cast<Multi*>(self);
    multi.loop_.cancel(multi.timer_);
    multi.timer_ = EventLoop::no_timer;
    try {
      if (milliseconds >= 0) multi.wake_in(std::chrono::milliseconds(milliseconds));
      return 0;
    } catch (const std::bad_alloc&) {
      return -1;
    }
  }

  void wake_in(std::chrono::milliseconds delay) {
    loop_.cancel(timer_);
    timer_ = loop_.call_at(EventLoop::Clock::now() + delay, [this] { act(CURL_SOCKET_TIMEOUT, 0); });
  }

  void act(curl_socket_t socket, int flags) {
    int running = 0;
    // After a failure, as for want of memory, libcurl may have set no timer: it would sleep for ever.
    constexpr std::chrono::milliseconds pause(50);
    if (curl().multi_socket_action(multi_, socket, flags, &running) != CURLM_OK) wake_in(pause);
    int left = 0;
    while (const CURLMsg* message = curl().multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const CURLcode code = message->data.result;
      CurlTransfer* const transfer = transfer_of(message->easy_handle);
      curl().multi_remove_handle(multi_, message->easy_handle);
      transfer->finish(code);
    }
  }

  EventLoop& loop_;
  CURLM* multi_;
  EventLoop::TimerId timer_ = EventLoop::no_timer;
};

HttpClient::HttpClient(EventLoop& loop, TlsSetup tls) : loop_(loop), tls_(tls) {}
HttpClient::~HttpClient() = default;

void HttpClient::preload([[maybe_unused]] TlsSetup tls) {
#ifndef PUSHMETRICS_STATIC_CURL
  // Loading takes several milliseconds, during which the end of the job would go unnoticed. Code that needs
  // the functions in the meantime blocks until they are there (the initialisation of the static in curl()).
  // If no thread can be started, they are loaded at that point.
  try {
    // Debian's libcurl links GnuTLS for a protocol that is not used here; code that does use it initialises
    // it (GnuTLS manual, "Initialization").
    ::setenv("GNUTLS_NO_IMPLICIT_INIT", "1", 0);
    // A separate heap for the thread would grow page by page, a third of libcurl's start-up cost.
    ::mallopt(M_ARENA_MAX, 1);
    std::thread([tls] {
      try {
        curl(tls);
      } catch (const std::exception&) {  // whoever needs it next tries again
        return;
      }
    }).detach();
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
  if (!curl(tls_).problem.empty())
    return TransferHandle(
        new FailedTransfer(loop_, HttpResponse::Failure::other, curl().problem, std::move(done)));
  const std::string endless = request.url.starts_with("https:") ? find_endless_file(options) : "";
  if (!endless.empty())
    return TransferHandle(new FailedTransfer(loop_, HttpResponse::Failure::certificate,
                                             concat({printable(endless), " is not a file"}),
                                             std::move(done)));
  if (!multi_) multi_ = std::make_unique<Multi>(loop_);
  return TransferHandle(new CurlTransfer(loop_, multi_->handle(), std::move(request), options, deadline,
                                         std::move(done), std::move(consumer)));
}

}  // namespace pushmetrics
