#include "groups/group_json.hpp"

#include "cli/json_document_version.hpp"
#include "groups/group_state.hpp"

#include <nlohmann/json.hpp>

#include <cmath>

namespace pushmetrics {
namespace {

using Json = nlohmann::ordered_json;

Json time_or_null(const std::optional<GroupSnapshot::Time>& time) {
  return time ? Json(to_unix_seconds(*time)) : Json(nullptr);
}

/// JSON has no NaN and no infinity.
Json number_or_null(const std::optional<double>& number) {
  return number && std::isfinite(*number) ? Json(*number) : Json(nullptr);
}

Json bool_or_null(const std::optional<double>& number) { return number ? Json(*number == 1) : Json(nullptr); }

Json describe(const GroupSnapshot& group) {
  Json labels = Json::object();
  for (const Label& label : group.labels.labels()) labels[label.name] = label.value;
  return {{"labels", std::move(labels)},
          {"path", group.labels.url_path()},
          {"last_push_time", time_or_null(group.last_push)},
          {"last_push_failure_time", time_or_null(group.last_failed_push)}};
}

}  // namespace

struct GroupDocument::Content {
  Json document{{"version", json_document_version}, {"targets", Json::array()}};

  Json& target() { return document["targets"].back(); }
  Json& groups() { return target()["groups"]; }
};

GroupDocument::GroupDocument() : content_(std::make_unique<Content>()) {}
GroupDocument::~GroupDocument() = default;

void GroupDocument::begin_target(std::string_view name) {
  content_->document["targets"].push_back(
      Json{{"target", name}, {"error", nullptr}, {"groups", Json::array()}});
}

void GroupDocument::set_error(std::string_view error) { content_->target()["error"] = error; }

void GroupDocument::set_wiped(bool wiped) {
  content_->target().erase("groups");
  content_->target()["wiped"] = wiped;
}

void GroupDocument::set_dry_run(bool dry_run) { content_->document["dry_run"] = dry_run; }

void GroupDocument::add_listed(const GroupSnapshot& group, GroupSnapshot::Time now) {
  Json entry = describe(group);
  entry["last_push_successful"] = group.last_push_successful;
  entry["state"] = to_string(state_of(group, now));
  entry["success"] = bool_or_null(group.success);
  entry["interrupted"] = bool_or_null(group.interrupted);
  entry["duration_seconds"] = number_or_null(group.duration_seconds);
  entry["running"] = bool_or_null(group.running);
  entry["last_success_time"] = number_or_null(group.last_success_seconds);
  entry["expected_interval_seconds"] = number_or_null(group.expected_interval_seconds);
  entry["runs_succeeded"] = number_or_null(group.runs_succeeded);
  entry["runs_failed"] = number_or_null(group.runs_failed);
  entry["runs_interrupted"] = number_or_null(group.runs_interrupted);
  entry["consecutive_failures"] = number_or_null(group.consecutive_failures);
  entry["families"] = group.families;
  entry["series"] = group.series;
  content_->groups().push_back(std::move(entry));
}

void GroupDocument::add_removed(const GroupSnapshot& group, bool deleted, std::string_view error) {
  Json entry = describe(group);
  entry["deleted"] = deleted;
  entry["error"] = error.empty() ? Json(nullptr) : Json(error);
  content_->groups().push_back(std::move(entry));
}

std::string GroupDocument::text() const {
  return content_->document.dump(2, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace) + "\n";
}

}  // namespace pushmetrics
