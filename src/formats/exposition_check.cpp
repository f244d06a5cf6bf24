#include "formats/exposition_body.hpp"
#include "formats/exposition_errors.hpp"
#include "formats/exposition_parser.hpp"
#include "metrics/gateway_families.hpp"
#include "metrics/grouping_key.hpp"
#include "metrics/series_hash.hpp"
#include "support/text.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>

namespace pushmetrics {
namespace {

using Next = ExpositionHandler::Next;

/// A copy of a text with replacements, made only once there is one.
class RepairedText {
 public:
  explicit RepairedText(std::string_view text) : text_(text) {}

  /// Replacements come in the text's order.
  void replace(std::string_view slice, std::string_view replacement) {
    if (!changed_) repaired_.reserve(text_.size() + 1);
    const auto begin = static_cast<std::size_t>(slice.data() - text_.data());
    repaired_.append(text_.substr(copied_, begin - copied_)).append(replacement);
    copied_ = begin + slice.size();
    changed_ = true;
  }
  bool changed() const { return changed_; }
  std::string take() {
    repaired_.append(text_.substr(copied_));
    return std::move(repaired_);
  }

 private:
  std::string_view text_;
  std::string repaired_;
  std::size_t copied_ = 0;
  bool changed_ = false;
};

std::string_view describe(ExpositionRepair::Kind kind) {
  using Kind = ExpositionRepair::Kind;
  switch (kind) {
    case Kind::byte_order_mark: return "removed the byte order mark";
    case Kind::carriage_return: return "replaced CRLF by a newline";
    case Kind::trailing_space: return "removed white space at the line's end";
    case Kind::final_newline: return "added the final newline";
    case Kind::end_marker: return "removed OpenMetrics' # EOF";
    case Kind::quoted_name: return "wrote the name without quotes, as older Pushgateways need it";
    case Kind::help_escape: return "wrote \\\" in a HELP text as \", as older Pushgateways need it";
    case Kind::timestamp: return "removed the timestamp";
  }
  return {};
}

/// The repairs of each kind become one note.
class RepairNotes {
 public:
  void add(ExpositionRepair::Kind kind, Position position) {
    Tally& tally = tallies_[static_cast<std::size_t>(kind)];
    if (tally.count == 0) tally.first = position;
    if (tally.count == 0 || tally.last_line != position.line) ++tally.count;
    tally.last_line = position.line;
  }
  void append_to(std::vector<Diagnostic>& diagnostics) const {
    for (std::size_t kind = 0; kind < tallies_.size(); ++kind) {
      const Tally& tally = tallies_[kind];
      if (tally.count == 0) continue;
      std::string message(describe(static_cast<ExpositionRepair::Kind>(kind)));
      if (tally.count > 1) message += concat({" (on ", std::to_string(tally.count), " lines)"});
      diagnostics.push_back({Severity::note, tally.first, std::move(message)});
    }
  }

 private:
  struct Tally {
    std::size_t count = 0;
    std::size_t last_line = 0;
    Position first;
  };
  std::array<Tally, static_cast<std::size_t>(ExpositionRepair::Kind::timestamp) + 1> tallies_{};
};

/// Names which the gateway itself gives a meaning, and what happens to a metric of that name.
std::string_view reserved_name(std::string_view name) {
  if (name == "push_time_seconds" || name == "push_failure_time_seconds")
    return "is the gateway's own, which replaces the one pushed: rename it";
  if (name == "labels" || name == "last_push_successful")
    return "hides a key of that name in the gateway's API: rename it";
  return {};
}

/// Finds the lines of series whose hashes came twice, by reading the text a second time.
class DuplicateFinder : public ExpositionHandler {
 public:
  DuplicateFinder(const GroupingKey* group, const std::vector<std::uint64_t>& hashes,
                  std::vector<Diagnostic>& found)
      : body_(group), hashes_(hashes.begin(), hashes.end()), found_(found) {}

  void on_metadata(const ExpositionLine& line, const ExpositionMetadata& metadata) override {
    body_.add(line, metadata);
  }
  void on_sample(const ExpositionLine& line, const ExpositionSample& sample) override {
    const FamilyEntry& family = *body_.add(line, sample).family;
    const CheckedSeries identity = body_.identify(sample, family);
    if (!hashes_.contains(identity.pushed)) return;
    const auto [known, is_new] =
        seen_.try_emplace(body_.pushed_series(sample, family), Seen{line.number, {identity.written}});
    if (is_new) return;
    Seen& seen = known->second;
    const bool is_written_anew = seen.written.insert(identity.written).second;
    if (family.is_compound() && !is_written_anew) return;
    Problem problem = explain(seen, is_written_anew);
    found_.push_back({Severity::error, line.at(sample.name), std::move(problem.message), problem.mention});
  }
  Next on_error(Diagnostic) override { return Next::go_on; }

 private:
  struct Seen {
    std::size_t line;
    std::set<std::uint64_t> written;
  };

  static Problem explain(const Seen& seen, bool by_grouping) {
    return Problem::naming_line(
        {}, "the same series as", seen.line,
        by_grouping ? " once it is pushed, since the grouping key replaces labels (job always, instance is "
                      "\"\" where it is missing): tell them apart by another label"
                    : ": keep one, or tell them apart by a label");
  }

  ExpositionBody body_;
  std::set<std::uint64_t> hashes_;
  std::map<std::string, Seen> seen_;
  std::vector<Diagnostic>& found_;
};

/// A guess: lines of usual length. With most bytes in a few long lines it takes memory for nothing, but
/// little beside the text.
std::size_t expected_series(std::string_view text) {
  constexpr std::size_t usual_line = 80;
  constexpr std::size_t most = std::size_t{1} << 22U;
  return std::min(text.size() / usual_line, most);
}

class Checker : public ExpositionHandler {
 public:
  Checker(std::string_view text, const CheckOptions& options)
      : text_(text),
        options_(options),
        repaired_(text),
        body_(options.group),
        series_(expected_series(text)) {}

  CheckResult check() {
    read_exposition(text_, options_.strictness, *this);
    report_duplicates();
    for (const ExpositionBody::Collision& collision : body_.collisions())
      report(Severity::error, {collision.later->first_sample_line, 1}, explain(collision));
    if (lenient()) notes_.append_to(result_.diagnostics);
    std::ranges::stable_sort(result_.diagnostics, {}, &Diagnostic::position);
    result_.omitted_errors = errors_ - std::min(errors_, options_.limit);
    result_.omitted_warnings = warnings_ - std::min(warnings_, options_.limit);
    result_.valid = errors_ == 0;
    result_.canonical = result_.valid && result_.canonical;
    if (result_.valid && repaired_.changed()) result_.repaired = repaired_.take();
    return std::move(result_);
  }

  void on_metadata(const ExpositionLine& line, const ExpositionMetadata& metadata) override {
    if (const auto problem = body_.add(line, metadata)) report(Severity::error, line, *problem);
    if (!is_valid_utf8(metadata.help))
      report(
          Severity::warning, line,
          {metadata.help, "the HELP text is not valid UTF-8: convert it, since not every reader takes it"});
    if (const auto joined = parse_error::joined_help(metadata.help); !joined.empty())
      report(Severity::warning, line, {metadata.help, std::string(joined)});
    last_family_ = body_.families().find_or_add(metadata.name).family;
  }

  void on_sample(const ExpositionLine& line, const ExpositionSample& sample) override {
    if (static_cast<std::size_t>(line.begin - text_.data()) >= next_progress_) report_progress(line);
    if (!sample.repeats_name) last_part_ = body_.add(line, sample);
    const FamilyPart part = last_part_;
    const FamilyEntry& family = *part.family;
    ++result_.samples;
    if (family.first_sample_line == line.number) on_new_family(line, sample, family);
    if (const auto problem = body_.judge(sample, part)) report(Severity::error, line, *problem);
    if (sample.name_in_braces && family.is_compound() && last_family_ != &family && !lenient())
      report(Severity::error, line,
             {sample.name,
              "the name of a histogram or summary within the braces, after another metric: "
              "Pushgateway takes it for part of that one; write the name before the brace"});
    last_family_ = &family;
    if (!sample.timestamp.empty()) on_timestamp(line, sample);
    if (options_.group != nullptr) report_overwritten_labels(line, sample);
    if (family.is_compound() && body_.is_dropped(sample, part))
      report(Severity::warning, line,
             {sample.name,
              concat({"Pushgateway drops this line: a ", to_string(family.type), " has no sample without ",
                      family.is_histogram() ? "le" : "quantile", ", but for _sum and _count"})});
    remember_series(sample, family);
  }

  void on_repair(const ExpositionRepair& repair) override {
    result_.canonical = false;
    if (!lenient()) return;
    repaired_.replace(repair.replaced, repair.replacement);
    notes_.add(repair.kind, repair.position);
  }

  Next on_error(Diagnostic diagnostic) override {
    report(std::move(diagnostic));
    return Next::go_on;
  }

 private:
  bool lenient() const { return options_.strictness == Strictness::lenient; }

  void report(Diagnostic diagnostic) {
    std::size_t& count = diagnostic.severity == Severity::error ? errors_ : warnings_;
    if (count++ < options_.limit) result_.diagnostics.push_back(std::move(diagnostic));
  }
  void report(Severity severity, Position position, Problem problem) {
    report({severity, position, std::move(problem.message), problem.mention});
  }
  void report(Severity severity, const ExpositionLine& line, Problem problem) {
    const Position position = line.at(problem.place);
    report(severity, position, std::move(problem));
  }

  void report_progress(const ExpositionLine& line) {
    constexpr std::size_t step = std::size_t{1} << 20U;
    const auto done = static_cast<std::size_t>(line.begin - text_.data());
    next_progress_ = done + step;
    if (options_.on_progress && done != 0) options_.on_progress(text_.substr(0, done));
  }

  void on_new_family(const ExpositionLine& line, const ExpositionSample& sample, const FamilyEntry& family) {
    ++result_.families;
    if (const std::string_view why = reserved_name(family.name); !why.empty())
      report(Severity::warning, line, {sample.name, concat({"a metric named ", family.name, " ", why})});
    if (!options_.clash_with_gateway) return;
    if (const std::string why = clash_with_gateway(family); !why.empty())
      report(*options_.clash_with_gateway, line,
             {sample.name, concat({"the metric ", family.name, " ", why})});
  }

  void on_timestamp(const ExpositionLine& line, const ExpositionSample& sample) {
    if (!lenient() || options_.timestamps == Timestamps::refuse)
      return report(Severity::error, line,
                    {sample.timestamp,
                     "the sample has a timestamp, and Pushgateway takes none: remove it, or "
                     "let --strip-timestamps do so"});
    const char* value_end = sample.value.data() + sample.value.size();
    const char* end = sample.timestamp.data() + sample.timestamp.size();
    on_repair({ExpositionRepair::Kind::timestamp,
               line.at(sample.timestamp),
               {value_end, static_cast<std::size_t>(end - value_end)},
               {}});
  }

  /// Once for each name.
  void report_overwritten_labels(const ExpositionLine& line, const ExpositionSample& sample) {
    for (const RawLabel& label : sample.labels) {
      const auto value = options_.group->value(label.name);
      if (!value || *value == unescape_label_value(label.value) || !overwritten_.emplace(label.name).second)
        continue;
      report(Severity::warning, line,
             {label.name, concat({"label ", label.name, "=\"", visible(label.value, 60),
                                  "\" is overwritten by the grouping key's ", label.name, "=\"",
                                  visible(*value, 60), "\""})});
    }
  }

  void remember_series(const ExpositionSample& sample, const FamilyEntry& family) {
    const CheckedSeries identity = body_.identify(sample, family);
    if (!family.is_compound()) return series_.insert_later(identity.pushed);
    if (identity.written == last_written_) return;
    last_written_ = identity.written;
    if (compounds_.insert(identity.written)) series_.insert_later(identity.pushed);
  }

  void report_duplicates() {
    series_.settle();
    if (series_.repeated().empty()) return;
    std::vector<Diagnostic> found;
    DuplicateFinder finder(options_.group, series_.repeated(), found);
    read_exposition(text_, options_.strictness, finder);
    for (Diagnostic& diagnostic : found) report(std::move(diagnostic));
  }

  std::string_view text_;
  const CheckOptions& options_;
  CheckResult result_;
  std::size_t errors_ = 0;
  std::size_t warnings_ = 0;
  RepairedText repaired_;
  RepairNotes notes_;
  ExpositionBody body_;
  /// Of the sample before.
  FamilyPart last_part_;
  /// Of the line before.
  const FamilyEntry* last_family_ = nullptr;
  std::set<std::string, std::less<>> overwritten_;
  HashSet series_;
  /// Histograms and summaries, as written: the lines of one are one series.
  HashSet compounds_;
  std::uint64_t last_written_ = 0;
  std::size_t next_progress_ = 0;
};

}  // namespace

CheckResult check_exposition(std::string_view text, const CheckOptions& options) {
  return Checker(text, options).check();
}

}  // namespace pushmetrics
