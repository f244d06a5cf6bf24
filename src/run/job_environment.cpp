#include "run/job_environment.hpp"

#include "delivery/target.hpp"
#include "job/job_metrics_file.hpp"
#include "support/text.hpp"

#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>
#include <utility>

namespace pushmetrics {
namespace {

/// `http://user:secret@host` without the user and the secret. Of what is no URL, nobody knows what is the
/// secret.
std::string without_credentials(std::string_view url) {
  if (!parse_target_url(url)) return "";
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return std::string(url);
  const std::size_t start = scheme + 3;
  const std::string_view authority = url.substr(start, url.find_first_of("/?# \t\r\n", start) - start);
  const std::size_t at = authority.rfind('@');
  if (at == std::string_view::npos) return std::string(url);
  return concat({url.substr(0, start), url.substr(start + at + 1)});
}

constexpr std::array<std::string_view, 5> dropped{
    "PUSHMETRICS_PASSWORD=", "PUSHMETRICS_BEARER_TOKEN=", "PUSHMETRICS_HEADER=", "PUSHMETRICS_FILE=",
    "PUSHMETRICS_STEP="};  // a run within a step has steps of its own
constexpr std::array<std::string_view, 2> urls{"PUSHMETRICS_URL=", "PUSHGATEWAY_URL="};

enum class Content { harmless, secret, credentials };

Content content_of(std::string_view entry) {
  if (!entry.starts_with("PUSH")) return Content::harmless;
  const auto begins_entry = [&](std::string_view name) { return entry.starts_with(name); };
  if (std::ranges::any_of(dropped, begins_entry)) return Content::secret;
  if (std::ranges::none_of(urls, begins_entry)) return Content::harmless;
  const std::string_view value = entry.substr(entry.find('=') + 1);
  // The other one may be the job's own, for a tool that understands more than this one.
  const bool is_ours = entry.starts_with(urls.front());
  const auto is_invalid = [](const std::string& url) { return !parse_target_url(url); };
  const bool holds_credentials =
      value.find('@') != value.npos || (is_ours && std::ranges::any_of(split_urls(value), is_invalid));
  return holds_credentials ? Content::credentials : Content::harmless;
}

}  // namespace

std::vector<std::string> job_environment(const JobMetricsFile* file) {
  std::vector<std::string> environment;
  for (char** entry = ::environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const Content content = content_of(text);
    if (content == Content::harmless) environment.emplace_back(text);
    if (content != Content::credentials) continue;
    std::string variable(text.substr(0, text.find('=') + 1));
    std::string_view separator;
    for (const std::string& url : split_urls(text.substr(variable.size()))) {
      const std::string harmless = without_credentials(url);
      if (harmless.empty()) continue;
      variable.append(separator).append(harmless);
      separator = " ";
    }
    environment.push_back(std::move(variable));
  }
  // A job that appends to it goes on even if nothing can be kept.
  environment.push_back("PUSHMETRICS_FILE=" + (file != nullptr ? file->path() : "/dev/null"));
  return environment;
}

void erase_secrets_from_environment() {
  for (char** entry = ::environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    if (content_of(text) == Content::harmless || text.starts_with("PUSHMETRICS_FILE=") ||
        text.starts_with("PUSHMETRICS_STEP="))
      continue;
    ::prctl(PR_SET_DUMPABLE, 0);
    const std::size_t name_end = text.find('=') + 1;
    ::explicit_bzero(*entry + name_end, text.size() - name_end);
  }
}

}  // namespace pushmetrics
