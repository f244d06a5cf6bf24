#include "doctor/gateway_check.hpp"

#include "pushgateway/gather_error.hpp"
#include "sinks/address_hint.hpp"
#include "sinks/gateway_groups.hpp"
#include "support/text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>
#include <utility>

namespace pushmetrics {
namespace {

using Failure = HttpResponse::Failure;

bool is_refused_access(int status) { return status == 401 || status == 403 || status == 407; }

/// Version and flags; the place of /metrics.
std::string check_version(const HttpProbe& talk, const HttpResponse& status, CheckReport& section) {
  std::string telemetry_path = "/metrics";
  if (is_refused_access(status.status)) return telemetry_path;
  const auto document = nlohmann::json::parse(status.body, nullptr, /*allow_exceptions=*/false);
  const auto text_at = [&](const char* pointer) -> std::optional<std::string> {
    const nlohmann::json::json_pointer place(pointer);
    if (!document.is_object() || !document.contains(place) || !document.at(place).is_string()) return {};
    return document.at(place).get<std::string>();
  };
  const auto version = text_at("/data/build_information/version");
  if (!version) {
    AttemptResult no_gateway = verdict_of(status);
    if (no_gateway.kind == AttemptResult::Kind::delivered)
      no_gateway = {
          .kind = AttemptResult::Kind::needs_attention, .status = status.status, .id = "no-receiver"};
    const std::string hint = with_address_hint(std::move(no_gateway), talk.endpoint(), status).hint;
    section.warn("version",
                 concat({"it is no Pushgateway, or one that hides its API (status ",
                         std::to_string(status.status), ")"}),
                 hint.empty() ? "see whether --url has the right port and prefix" : hint);
    return telemetry_path;
  }
  if (*version == "1.11.0")
    section.warn("version",
                 "Pushgateway 1.11.0 drops the connection where it should answer 400 to an inconsistent push",
                 "upgrade to 1.11.1 or later");
  else
    section.ok("version", concat({"Pushgateway ", printable(*version)}));
  if (text_at("/data/flags/push.disable-consistency-check") == "true")
    section.warn("flags", "it takes inconsistent metrics, and /metrics breaks for them",
                 "start it without --push.disable-consistency-check");
  else if (text_at("/data/flags/persistence.file") == "")
    section.warn("flags", "it forgets everything when it restarts", "start it with --persistence.file=FILE");
  else
    section.ok("flags", concat({"metrics are kept over restarts; the admin API is ",
                                text_at("/data/flags/web.enable-admin-api") == "true" ? "on" : "off"}));
  return text_at("/data/flags/web.telemetry-path").value_or(telemetry_path);
}

std::optional<Listing> check_api(HttpProbe& talk, CheckReport& section) {
  GatewayGroups store(talk.endpoint());
  std::optional<AttemptResult> verdict;
  Listing listing;
  const auto attempt =
      store.list({}, EventLoop::Clock::now() + talk.budget(), [&](AttemptResult outcome, Listing groups) {
        verdict = std::move(outcome);
        listing = std::move(groups);
      });
  talk.loop().run_until([&] { return verdict.has_value(); });
  if (verdict->kind != AttemptResult::Kind::delivered) {
    if (!is_refused_access(verdict->status))
      section.warn("api", concat({"list, delete and prune do not work: ", verdict->reason}),
                   verdict->hint.empty() ? "see whether --url has the right prefix" : verdict->hint);
    return std::nullopt;
  }
  section.ok("api", concat({"lists ", std::to_string(listing.groups.size()),
                            listing.groups.size() == 1 ? " group" : " groups"}));
  return listing;
}

std::string removal(const TargetUrl& url, const GroupLabels& labels) {
  // A shell takes a newline off the end of what `$(printf ...)` gives.
  const bool has_final_newline =
      std::ranges::any_of(labels.labels(), [](const Label& label) { return label.value.ends_with('\n'); });
  if (has_final_newline)
    return concat({"run: curl -X DELETE ", shell_word(concat({url.base, labels.url_path()}))});
  return concat({"run: pushmetrics delete --url ", shell_word(url.name), " ", labels.as_options(),
                 " (that is, DELETE ", labels.url_path(), ")"});
}

/// Groups that differ from others by an empty instance only (PROTOCOL.md, hazard 2), or will once somebody
/// pushes to those.
void check_empty_instances(const TargetUrl& url, const Listing& listing, CheckReport& section) {
  std::vector<GroupLabels> names;
  for (const GroupSnapshot& group : listing.groups) names.push_back(group.labels);
  std::ranges::sort(names);
  for (const GroupLabels& labels : names) {
    if (labels.value("instance") != "") continue;
    const GroupLabels other = labels.without("instance");
    const std::string words = concat({labels.to_string(), " has an empty instance"});
    if (std::ranges::binary_search(names, other))
      section.fail("groups", concat({words, ", and ", other.to_string(), " is there, too: nobody can push"}),
                   removal(url, labels));
    else
      section.warn("groups", concat({words, ": a push to ", other.to_string(), " would stop all pushes"}),
                   removal(url, labels));
  }
}

void check_groups(const TargetUrl& url, const Listing& listing, CheckReport& section) {
  check_empty_instances(url, listing, section);
  const auto refused = std::ranges::count(listing.groups, false, &GroupSnapshot::last_push_successful);
  if (refused > 0)
    section.warn("groups", concat({"of ", std::to_string(refused), " the last push was refused"}),
                 "see pushmetrics list --sort state");
}

/// GET /metrics: what Prometheus gets. Returns the answer's status.
int check_metrics(const TargetUrl& url, HttpProbe& talk, const std::string& path,
                  const std::optional<Listing>& listing, CheckReport& section) {
  std::string tail;
  const HttpResponse answer = talk.ask("GET", path, "", [&](std::string_view piece) {
    constexpr std::size_t enough = 200;
    tail.append(piece);
    if (tail.size() > enough) tail.erase(0, tail.size() - enough);
    return true;
  });
  if (is_refused_access(answer.status)) return answer.status;
  if (answer.status == 200 && answer.failure == Failure::none) {
    const std::size_t last_line = tail.rfind('\n') + 1;
    if (tail.ends_with('\n'))
      section.ok("metrics", concat({path, " can be scraped"}));
    else
      section.fail("metrics",
                   concat({path, " is cut short behind '", printable(tail.substr(last_line)),
                           "': a metric of type gauge_histogram does that"}),
                   "delete the group that holds it");
    return answer.status;
  }
  bool explained = false;
  for (const GatherError& complaint : read_gather_errors(answer.body)) {
    if (complaint.kind != GatherError::Kind::not_utf8) {
      explained = explained || listing;  // by check_empty_instances()
      continue;
    }
    explained = true;
    // The gateway adds an empty instance; what it lists has the group's own labels.
    const GroupLabels bare = complaint.labels.without("instance");
    const bool has_none = complaint.labels.value("instance") == "" &&
                          (!listing || std::ranges::find(listing->groups, bare, &GroupSnapshot::labels) !=
                                           listing->groups.end());
    const GroupLabels& labels = has_none ? bare : complaint.labels;
    section.fail("groups",
                 concat({labels.to_string(), " holds bytes that are not UTF-8: nobody can push or scrape"}),
                 removal(url, labels));
  }
  if (answer.status == 500 && explained) return answer.status;
  const std::string words = concat({path, ": ", verdict_of(answer).reason});
  if (answer.status == 500)
    section.fail("metrics", words, "delete the groups that it names, or: pushmetrics wipe --yes");
  else
    section.warn("metrics", words, "see whether Prometheus can scrape it");
  return answer.status;
}

/// A body that is no metrics is rejected without leaving a group behind; so the answer shows whether a push
/// would come through (PROTOCOL.md, "Pushing").
void check_push(HttpProbe& talk, CheckReport& section) {
  const HttpResponse answer =
      talk.ask("POST", "/metrics/job/pushmetrics_doctor", "pushmetrics doctor asks\n");
  // Each version's words on it; a server in front of the gateway has others for its own 400.
  if (answer.status == 400 && answer.body.find("pars") != std::string::npos)
    return section.ok("push", "would be taken");
  if (is_refused_access(answer.status))
    return section.fail("push", concat({"is not permitted (", std::to_string(answer.status), ")"}),
                        "fix --user, --password-file or --bearer-token-file");
  const AttemptResult result = talk.judge(answer);
  if (result.kind == AttemptResult::Kind::delivered)
    return section.warn("push", "it takes what is no metrics", "see whether --url names a Pushgateway");
  const bool is_elsewhere = answer.status >= 300 && answer.status < 500;
  const std::string_view otherwise =
      is_elsewhere ? "see whether --url has the right scheme, port and path" : "see the server's log";
  section.fail("push", result.reason, result.hint.empty() ? std::string(otherwise) : result.hint);
}

}  // namespace

void check_gateway(const TargetUrl& url, HttpProbe& talk, const HttpResponse& status, CheckReport& section) {
  const std::string telemetry_path = check_version(talk, status, section);
  const std::optional<Listing> listing = check_api(talk, section);
  if (listing) check_groups(url, *listing, section);
  const int status_of_metrics = check_metrics(url, talk, telemetry_path, listing, section);
  // What cannot be gathered lets no push through, good or bad, and what is to be done has been said.
  if (status_of_metrics != 500) check_push(talk, section);
}

}  // namespace pushmetrics
