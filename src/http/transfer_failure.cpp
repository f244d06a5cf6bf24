#include "http/http_transfer.hpp"
#include "support/text.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

/// Why a transfer failed, in words and as an identifier.
namespace pushmetrics {
namespace {

/// In lower case at the start of the sentence, except names such as OpenSSL.
std::string in_mid_sentence(std::string words) {
  const auto is_capital = [](char c) { return c >= 'A' && c <= 'Z'; };
  const std::string_view word = std::string_view(words).substr(0, words.find(' '));
  if (std::ranges::count_if(word, is_capital) == 1 && is_capital(word.front()))
    words.front() = static_cast<char>(words.front() - 'A' + 'a');
  return words;
}

/// `recv failure: Connection reset by peer` → `connection reset by peer`.
std::string without_call(const std::string& detail) {
  constexpr std::string_view failure = " failure: ";
  const std::size_t at = detail.find(failure);
  constexpr std::size_t call = 4;  // send, recv
  return at == call ? in_mid_sentence(detail.substr(at + failure.size())) : detail;
}

/// What OpenSSL says of an answer to a handshake that is no TLS.
bool is_not_tls(const std::string& detail) {
  for (const std::string_view words :
       {"wrong version number", "packet length too long", "record layer failure"})
    if (detail.find(words) != std::string::npos) return true;
  return false;
}

}  // namespace

void CurlTransfer::describe_failure(CURLcode code) {
  using Kind = HttpResponse::Failure;
  const std::string detail =
      in_mid_sentence(printable(error_[0] != '\0' ? error_.data() : curl().easy_strerror(code)));
  const auto fail = [this](Kind failure, std::string_view id, std::string words) {
    response_.failure = failure;
    response_.id = id;
    response_.error = std::move(words);
  };
  const bool is_about_the_answer = info<long>(CURLINFO_REQUEST_SIZE) > 0;
  const std::string endless_headers = "the answer's headers do not end";
  if (detail.starts_with("unsupported proxy"))  // followed by its URL, including credentials
    return fail(
        Kind::unreachable, "proxy",
        concat({detail.substr(0, detail.find('\'')), "what http_proxy, https_proxy or all_proxy names"}));
  constexpr auto too_large = static_cast<CURLcode>(100);  // CURLE_TOO_LARGE, which libcurl has from 8.6 on
  if (is_about_the_answer && (code == too_large || code == CURLE_OUT_OF_MEMORY))
    return fail(Kind::other, "", endless_headers);  // more than libcurl grants one line
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST: return fail(Kind::unreachable, "name-not-resolved", detail);
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_PROXY: return fail(Kind::unreachable, "proxy", detail);
    case CURLE_COULDNT_CONNECT: {
      const std::string proxy = unreachable_proxy(detail);
      const std::string words = connection_problem(detail);
      if (proxy.empty()) return fail(Kind::unreachable, "no-connection", words);
      return fail(Kind::unreachable, "proxy", concat({proxy, ": ", words}));
    }
    case CURLE_OPERATION_TIMEDOUT: return fail(Kind::timeout, "timeout", timeout_problem());
    case CURLE_GOT_NOTHING:
      return fail(Kind::unreachable, "no-answer", "the connection was closed without an answer");
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
      if (auto problem = client_certificate_problem(detail))
        return fail(Kind::certificate, "certificate", *problem);
      [[fallthrough]];
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return fail(Kind::unreachable, "dropped", concat({"the connection broke: ", without_call(detail)}));
    case CURLE_PARTIAL_FILE:
      return fail(Kind::unreachable, "dropped", "the connection broke within the answer");
    case CURLE_PEER_FAILED_VERIFICATION:
      return fail(Kind::certificate, "certificate", certificate_problem(detail, certificate()));
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM: return fail(Kind::certificate, "certificate", detail);
    case CURLE_SSL_CONNECT_ERROR:
      if (auto problem = client_certificate_problem(detail))
        return fail(Kind::certificate, "certificate", *problem);
      return fail(Kind::unreachable, is_not_tls(detail) ? "not-tls" : "no-tls",
                  concat({"no TLS connection: ", detail}));
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
      if (is_about_the_answer) return fail(Kind::other, "not-http", "the answer is not HTTP");
      return fail(Kind::other, "", detail);
    case CURLE_OUT_OF_MEMORY: return fail(Kind::unreachable, "", detail);
    case CURLE_WRITE_ERROR:
      if (header_bytes_ > HttpClient::header_limit) return fail(Kind::other, "", endless_headers);
      return fail(Kind::other, "", "the answer is not what was expected");
    default: return fail(Kind::other, "", detail);
  }
}

std::string CurlTransfer::timeout_problem() const {
  if (info<curl_off_t>(CURLINFO_CONNECT_TIME_T) > 0)
    return head_is_whole_ ? "the answer did not end in time" : "no answer in time";
  return info<curl_off_t>(CURLINFO_NAMELOOKUP_TIME_T) > 0 ? "no connection in time"
                                                          : "its name was not resolved in time";
}

/// The system's error text, which is shorter.
std::string CurlTransfer::connection_problem(const std::string& detail) const {
  const auto number = static_cast<int>(info<long>(CURLINFO_OS_ERRNO));
  return number == 0 ? detail : in_mid_sentence(::strerror(number));
}

/// The peer that could not be reached, as `proxy HOST:PORT`, if it is a proxy; else empty.
std::string CurlTransfer::unreachable_proxy(const std::string& detail) const {
  if (info<long>(CURLINFO_OS_ERRNO) == 0) return {};
  // `failed to connect to HOST port N after ...`
  const auto parts = split(detail, " ");
  constexpr std::size_t host = 4;
  if (!request_.unix_socket.empty() || parts.size() <= host + 2 || parts[host - 1] != "to" ||
      request_.url.find(parts[host]) != std::string::npos)
    return {};
  return concat({"proxy ", parts[host], ":", parts[host + 2]});
}

}  // namespace pushmetrics
