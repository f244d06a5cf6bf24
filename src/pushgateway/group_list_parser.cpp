#include "pushgateway/group_list_parser.hpp"

#include "formats/json_document.hpp"
#include "support/text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

namespace pushmetrics {
namespace {

constexpr std::string_view replacement_character = "\xEF\xBF\xBD";

/// In Go's notation.
std::optional<double> parse_value(std::string_view text) {
  if (const auto special = json::special_number(text)) return special;
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value);
  if (result.ec != std::errc{} || result.ptr != end) return std::nullopt;
  return value;
}

/// Pushgateway uses 0 for never.
std::optional<GroupSnapshot::Time> parse_time(std::optional<double> seconds) {
  constexpr double latest = 9e9;  // the limit of a time_point
  if (!seconds || !(*seconds > 0 && *seconds < latest)) return std::nullopt;
  return GroupSnapshot::Time(
      std::chrono::duration_cast<GroupSnapshot::Time::duration>(std::chrono::duration<double>(*seconds)));
}

/// Collects one group's object from nlohmann_json's SAX events. The depth and the key at each depth give the
/// position:
///
///     {"labels":{NAME:…}, "last_push_successful":…, FAMILY:{"metrics":[{"labels":{NAME:…}, "value":…}]}}
///     1         2                                          2          3 4        5
///
/// In place of "value", a histogram has "buckets":{BOUND:…}, "count":… and "sum":….
class GroupReader : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit GroupReader(const GroupQuery& query)
      : run_values_(query.prefix), with_contents_(query.with_contents) {}

  Result<GroupSnapshot> group() &&;
  const std::string& problem() const { return problem_; }

  bool null() override { return true; }
  bool boolean(bool value) override {
    if (depth_ == 1 && keys_[1] == "last_push_successful") successful_ = value;
    return true;
  }
  bool number_integer(number_integer_t) override { return scalar(); }
  bool number_unsigned(number_unsigned_t) override { return scalar(); }
  bool number_float(number_float_t, const string_t&) override { return scalar(); }
  bool binary(binary_t&) override { return false; }
  bool string(string_t& text) override;
  bool key(string_t& text) override {
    if (depth_ < keys_.size()) keys_[depth_].swap(text);
    return true;
  }
  bool start_object(std::size_t) override;
  bool end_object() override;
  bool start_array(std::size_t) override;
  bool end_array() override {
    --depth_;
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception& error) override {
    problem_ = printable(error.what());
    return false;
  }

 private:
  bool in_metrics() const { return keys_[2] == "metrics"; }
  bool scalar() {
    if (depth_ == 2 && keys_[1] == "labels") labels_are_a_family_ = true;
    return true;
  }
  void end_family();
  void add_sample(std::string_view suffix, std::optional<double> value);
  void end_series();

  RunValuesFinder run_values_;
  bool with_contents_;
  std::size_t depth_ = 0;
  std::array<std::string, 6> keys_;

  std::vector<Label> labels_;
  /// A metric named `labels` has replaced them (PROTOCOL.md, hazard 7).
  bool labels_are_a_family_ = false;
  bool has_labels_ = false;
  std::vector<Label> labels_of_push_time_;
  std::optional<bool> successful_;

  /// Of the current family.
  std::size_t series_ = 0;
  MetricType type_ = MetricType::untyped;
  SeriesIdentity identity_;
  std::vector<std::uint64_t> identities_;
  std::optional<double> value_;
  /// Label `status` of the current series.
  std::string status_;
  /// With GroupQuery::with_contents: HELP, all labels of the current series, and the samples of the family.
  std::string help_;
  std::vector<Label> series_labels_;
  std::vector<Sample> series_samples_, samples_;

  std::optional<double> push_time_, push_failure_time_;
  GroupSnapshot group_;
  std::string problem_;
};

bool GroupReader::string(string_t& text) {
  // Also for the group's labels, in case they are a family.
  if (depth_ == 2 && keys_[2] == "type") type_ = metric_type_from(text).value_or(MetricType::untyped);
  if (depth_ == 2 && keys_[2] == "help" && with_contents_) help_ = text;
  if (depth_ == 2 && keys_[1] == "labels")
    labels_.push_back({keys_[2], std::move(text)});
  else if (depth_ == 4 && in_metrics() && keys_[4] == "value") {
    value_ = parse_value(text);
    add_sample("", value_);
  } else if (depth_ == 4 && in_metrics() && (keys_[4] == "sum" || keys_[4] == "count"))
    add_sample(concat({"_", keys_[4]}), parse_value(text));
  else if (depth_ == 5 && in_metrics() && keys_[4] == "buckets") {
    add_sample("_bucket", parse_value(text));
    if (with_contents_) series_samples_.back().labels.push_back({"le", keys_[5]});
  } else if (depth_ == 5 && in_metrics() && keys_[4] == "labels") {
    identity_.add(keys_[5], text);
    if (keys_[5] == "status") status_ = text;
    if (with_contents_) series_labels_.push_back({keys_[5], text});
    if (keys_[1] == "push_time_seconds" && series_ == 1)
      labels_of_push_time_.push_back({keys_[5], std::move(text)});
  }
  return true;
}

bool GroupReader::start_object(std::size_t) {
  ++depth_;
  if (depth_ == 2) {
    series_ = 0;
    identities_.clear();
    type_ = MetricType::untyped;
    value_.reset();
    help_.clear();
    samples_.clear();
    has_labels_ = has_labels_ || keys_[1] == "labels";
  }
  if (depth_ == 4 && in_metrics()) {
    ++series_;
    identity_ = {};
    status_.clear();
    series_labels_.clear();
    series_samples_.clear();
  }
  if (depth_ == 3 && keys_[1] == "labels") labels_are_a_family_ = true;
  if (depth_ < keys_.size()) keys_[depth_].clear();
  return true;
}

bool GroupReader::start_array(std::size_t) {
  ++depth_;
  if (depth_ == 3 && keys_[1] == "labels") labels_are_a_family_ = true;
  if (depth_ < keys_.size()) keys_[depth_].clear();
  return true;
}

bool GroupReader::end_object() {
  if (depth_ == 4 && in_metrics()) {
    identities_.push_back(identity_.value());
    if (value_ && !status_.empty()) run_values_.note_counted(keys_[1], status_, *value_);
    end_series();
  }
  --depth_;
  if (depth_ == 1 && (keys_[1] != "labels" || labels_are_a_family_)) end_family();
  return true;
}

void GroupReader::add_sample(std::string_view suffix, std::optional<double> value) {
  if (!with_contents_) return;
  // What is no number is not dropped: it must not be taken for the value of a shorter family.
  constexpr double none = std::numeric_limits<double>::quiet_NaN();
  series_samples_.push_back({concat({keys_[1], suffix}), {}, value.value_or(none)});
}

/// The labels may come behind the value.
void GroupReader::end_series() {
  for (Sample& sample : series_samples_) {
    sample.labels.insert(sample.labels.begin(), series_labels_.begin(), series_labels_.end());
    samples_.push_back(std::move(sample));
  }
}

void GroupReader::end_family() {
  const std::string& name = keys_[1];
  if (name == "push_time_seconds") {
    push_time_ = value_;
    return;
  }
  if (name == "push_failure_time_seconds") {
    push_failure_time_ = value_;
    return;
  }
  if (with_contents_ && type_ != MetricType::summary)
    group_.contents.push_back({name, type_, std::move(help_), std::move(samples_)});
  group_.held.push_back({name, type_, std::move(identities_)});
  ++group_.families;
  group_.series += series_;
  if (series_ == 1 && value_) run_values_.note(name, *value_);
}

Result<GroupSnapshot> GroupReader::group() && {
  if (has_labels_ && !labels_are_a_family_) {
    group_.labels = GroupLabels(std::move(labels_));
  } else {
    GroupLabels labels(std::move(labels_of_push_time_));
    if (labels.value("instance") == "") {
      group_.labels = labels.without("instance");
      group_.name = GroupSnapshot::Name::perhaps_empty_instance;
    } else {
      group_.labels = std::move(labels);
    }
  }
  if (!group_.labels.value("job")) return Failure{"a group has no labels"};
  for (const Label& label : group_.labels.labels())
    if (label.value.find(replacement_character) != std::string::npos)
      group_.name = GroupSnapshot::Name::unknown_bytes;
  drop_group_labels(group_.contents, group_.labels);
  static_cast<RunValues&>(group_) = run_values_.values();
  group_.last_push = parse_time(push_time_);
  group_.last_failed_push = parse_time(push_failure_time_);
  // Compared as in Pushgateway. Missing before 1.0, and if a metric has that name.
  group_.last_push_successful =
      successful_.value_or(push_failure_time_.value_or(0) <= push_time_.value_or(0));
  return std::move(group_);
}

std::uint64_t hash_of(const GroupLabels& labels) {
  SeriesIdentity identity;
  // With a byte in front of each value, so that an empty one counts.
  for (const Label& label : labels.labels()) identity.add(label.name, concat({"=", label.value}));
  return identity.value();
}

std::size_t memory_of(const GroupSnapshot& group) {
  std::size_t bytes = sizeof group;
  for (const Label& label : group.labels.labels())
    bytes += sizeof label + label.name.size() + label.value.size();
  for (const FamilySnapshot& family : group.held)
    bytes += sizeof family + family.name.size() + family.series.size() * sizeof family.series[0];
  return bytes;
}

}  // namespace

GroupListParser::GroupListParser(GroupQuery query) : query_(std::move(query)) {}

bool GroupListParser::fail(std::string why) {
  if (error_.empty()) error_ = std::move(why);
  return false;
}

bool GroupListParser::take(std::string_view piece) {
  while (!piece.empty() && error_.empty()) {
    if (in_group_)
      take_group(piece);
    else
      take_envelope(piece);
  }
  return error_.empty();
}

bool GroupListParser::Nesting::take(char c) {
  if (in_string) {
    if (escaped)
      escaped = false;
    else if (c == '\\')
      escaped = true;
    else if (c == '"')
      in_string = false;
    return true;
  }
  switch (c) {
    case '"': in_string = true; return true;
    case '{':
    case '[': ++depth; return true;
    case '}':
    case ']': return depth-- > 0;
    default: return true;
  }
}

void GroupListParser::take_envelope(std::string_view& piece) {
  std::size_t at = 0;
  bool group_begins = false;
  for (; at < piece.size() && !group_begins; ++at) {
    group_begins = piece[at] == '{' && nesting_.depth == depth_of_groups && !nesting_.in_string;
    if (group_begins) break;
    if (!nesting_.take(piece[at])) {
      fail("it is not JSON");
      return;
    }
  }
  envelope_.append(piece.substr(0, at));
  piece.remove_prefix(at);
  if (group_begins) begin_group();
  const std::size_t start = envelope_.find_first_not_of(" \t\r\n");
  if (start != std::string::npos && envelope_[start] != '{') fail("it is not JSON");
  if (envelope_.size() > envelope_limit) fail("it is too large");
}

void GroupListParser::take_group(std::string_view& piece) {
  std::size_t at = 0;
  while (at < piece.size()) {
    // Most of a response is text in quotes.
    if (nesting_.in_string && !nesting_.escaped)
      while (at < piece.size() && piece[at] != '"' && piece[at] != '\\') ++at;
    if (at == piece.size()) break;
    nesting_.take(piece[at++]);
    if (nesting_.depth != depth_of_groups || nesting_.in_string) continue;
    in_group_ = false;
    break;
  }
  is_too_large_ = is_too_large_ || at > query_.group_limit - group_.size();
  if (is_too_large_)
    std::string().swap(group_);
  else
    group_.append(piece.substr(0, at));
  piece.remove_prefix(at);
  if (is_too_large_ && !query_.keep) fail("a group in it is too large");
  if (!in_group_) end_group();
}

void GroupListParser::begin_group() {
  constexpr std::string_view mark = "{}", blanks = " \t\r\n";
  envelope_.erase(envelope_.find_last_not_of(blanks) + 1);
  if (envelope_.ends_with(',')) {
    const std::size_t end = envelope_.find_last_not_of(blanks, envelope_.size() - 2) + 1;
    if (std::string_view(envelope_).substr(0, end).ends_with(mark)) envelope_.erase(end - mark.size());
  }
  envelope_ += mark;
  in_group_ = true;
  is_too_large_ = false;
}

bool GroupListParser::end_group() {
  if (++read_ > most_groups) return fail("it has too many groups");
  if (is_too_large_) {
    ++skipped_;
    return true;
  }
  GroupReader reader(query_);
  const bool whole = nlohmann::json::sax_parse(group_, &reader);
  group_.clear();
  if (!whole) return fail(concat({"a group in it is not JSON: ", reader.problem()}));
  auto group = std::move(reader).group();
  if (!group) return fail(group.error());
  if (group->name == GroupSnapshot::Name::exact) exact_names_.push_back(hash_of(group->labels));
  if (query_.keep ? query_.keep(*group) : true) return keep(std::move(*group));
  return true;
}

bool GroupListParser::keep(GroupSnapshot group) {
  if (!query_.keep) group.held = {};
  kept_bytes_ += memory_of(group);
  if (kept_bytes_ > query_.kept_limit) return fail("it has too many groups");
  groups_.push_back(std::move(group));
  return true;
}

/// Groups whose labels were overwritten exist with or without an empty instance; the rest of the response may
/// determine which.
void GroupListParser::settle_names() {
  std::ranges::sort(exact_names_);
  const auto exists = [this](const GroupLabels& labels) {
    return std::ranges::binary_search(exact_names_, hash_of(labels));
  };
  for (GroupSnapshot& group : groups_) {
    if (group.name == GroupSnapshot::Name::perhaps_empty_instance) {
      const GroupLabels longer = group.labels.with({"instance", ""});
      const bool bare_exists = exists(group.labels);
      if (!bare_exists && !exists(longer)) continue;
      if (bare_exists) group.labels = longer;
      group.name = GroupSnapshot::Name::exact;
    }
    group.is_beside_bare_group =
        group.labels.value("instance") == "" && exists(group.labels.without("instance"));
  }
}

Result<std::vector<GroupSnapshot>> GroupListParser::finish() {
  const auto refuse = [](std::string_view why) {
    return Failure{concat({"the answer is not a Pushgateway's list of groups: ", why})};
  };
  if (!error_.empty()) return refuse(error_);
  if (in_group_ || nesting_.depth != 0 || nesting_.in_string) return refuse("it is cut short");
  const auto document = nlohmann::json::parse(envelope_, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object()) return refuse("it is not JSON");
  const auto status = document.find("status");
  if (status == document.end() || *status != "success") return refuse("it does not report success");
  const auto data = document.find("data");
  const bool none = data != document.end() && data->is_null();  // Go writes an empty list like this
  if (!none && (data == document.end() || !data->is_array())) return refuse("it has no list");
  const std::size_t marks = read_ > 0 ? 1 : 0;
  if (none ? marks != 0 : data->size() != marks) return refuse("it holds other things, too");
  if (skipped_ > 0 && groups_.empty()) return refuse("a group in it is too large");
  settle_names();
  return std::move(groups_);
}

}  // namespace pushmetrics
