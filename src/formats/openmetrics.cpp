#include "formats/openmetrics.hpp"

#include "formats/exposition_number.hpp"
#include "formats/openmetrics_syntax.hpp"
#include "support/text.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace pushmetrics {
namespace {

using namespace openmetrics;

std::string shown(std::string_view text) { return concat({"`", visible(text, 60), "`"}); }

struct Conversion {
  std::string text;
  std::vector<Diagnostic> diagnostics;
  std::size_t omitted_errors = 0;
};

struct OpenFamily {
  std::string_view name;
  std::size_t first_line = 0;
  const TypeRule* type = &unknown_type;
  bool has_type = false;
  bool has_help = false;
  bool has_unit = false;
  bool has_samples = false;
  bool takes_suffix = true;  ///< 0.0.4's; not when the name has it already
  bool is_refused = false;
};

class Converter {
 public:
  Converter(std::string_view text, const CheckOptions& options) : text_(text), options_(options) {
    out_.reserve(text.size() + 1);
  }

  Conversion convert() &&;

 private:
  /// What is reported once.
  enum class Repair {
    byte_order_mark,
    carriage_return,
    outer_space,
    empty_line,
    comment,
    end_marker,
    untyped,
    total_family,
    counter_name,
    created,
    exemplar
  };

  /// A line of a family whose name in 0.0.4 shows with its first sample only.
  struct PendingLine {
    std::string_view keyword;  ///< empty: the text is the whole line
    std::string_view text;
  };

  void convert_line(std::string_view line);
  void convert_comment(std::string_view line);
  void convert_metadata(std::string_view line, std::string_view keyword, std::string_view rest);
  void convert_sample(std::string_view line);
  void set_type(std::string_view type);
  void check_unit(std::string_view unit);

  void open_family(std::string_view name);
  void close_family();
  bool enter_family_of(std::string_view sample_name);
  bool belongs_to_family(std::string_view sample_name);
  void claim_sample_names();
  void refuse_bare_name(std::string_view name);
  void refuse_apart(std::string_view name, std::size_t first_line);

  bool check_value(std::string_view value);
  bool check_timestamp(std::string_view timestamp);
  bool check_exemplar(std::string_view exemplar);

  void write_line(std::string_view line);
  void write_pending();
  /// Every line leaves one behind, so that they keep their numbers.
  void leave_out() { write_line({}); }

  void error(std::string_view place, std::initializer_list<std::string_view> message);
  void repair(Repair kind, std::string_view place, std::string_view message);
  void report_once(Repair kind, Severity severity, std::string_view place, std::string_view message);

  std::string_view text_;
  const CheckOptions& options_;
  ExpositionLine line_;
  std::string_view line_text_;
  bool ended_ = false;
  std::optional<OpenFamily> family_;
  std::vector<PendingLine> pending_;
  std::unordered_map<std::string, std::size_t> family_lines_;  ///< where a family of that name began
  std::unordered_map<std::string, std::size_t>
      sample_lines_;  ///< the same, by what its samples may be called
  std::set<Repair> told_;
  std::size_t errors_ = 0;
  std::string out_;
  std::vector<Diagnostic> diagnostics_;
};

Conversion Converter::convert() && {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  line_.begin = text_.data();
  std::size_t at = 0;
  if (text_.starts_with(byte_order_mark)) {
    repair(Repair::byte_order_mark, text_, "the byte order mark is left out");
    at = byte_order_mark.size();
  }
  for (; at < text_.size(); ++line_.number) {
    const std::size_t end = std::min(text_.find('\n', at), text_.size());
    line_.begin = text_.data() + at;
    line_text_ = text_.substr(at, end - at);
    convert_line(line_text_);
    at = end + 1;
  }
  close_family();
  if (line_.number > 1) --line_.number;
  if (!ended_) repair(Repair::end_marker, line_text_, "`# EOF` is missing at the end");
  return {std::move(out_), std::move(diagnostics_), errors_ - std::min(errors_, options_.limit)};
}

void Converter::convert_line(std::string_view line) {
  if (line.ends_with('\r')) {
    line.remove_suffix(1);
    repair(Repair::carriage_return, line.substr(line.size()),
           "carriage returns at the lines' ends are left out");
  }
  const std::string_view kept = trim(line);
  if (kept.size() != line.size() && !line.starts_with("# HELP "))
    repair(Repair::outer_space, line, "white space around lines is left out");
  line = kept;
  if (line.empty()) {
    repair(Repair::empty_line, line_text_, "empty lines are not part of OpenMetrics");
    leave_out();
  } else if (ended_) {
    error(line, {"nothing may follow after `# EOF`"});
    leave_out();
  } else if (line.starts_with('#')) {
    convert_comment(line);
  } else {
    convert_sample(line);
  }
}

void Converter::convert_comment(std::string_view line) {
  std::string_view rest = line.substr(1);
  const bool is_spaced = rest.starts_with(' ');
  rest = skip_blanks(rest);
  const std::string_view keyword = take_word(rest);
  if (is_spaced && keyword == "EOF" && rest.empty()) {
    ended_ = true;
    leave_out();
  } else if (is_spaced && (keyword == "TYPE" || keyword == "HELP" || keyword == "UNIT")) {
    convert_metadata(line, keyword, rest);
  } else {
    repair(Repair::comment, line, "comments are not part of OpenMetrics, and are left out");
    leave_out();
  }
}

void Converter::convert_metadata(std::string_view line, std::string_view keyword, std::string_view rest) {
  const std::string_view name = take_word(rest);
  if (!is_valid_metric_name(name)) {
    error(name.empty() ? line : name, {"a metric name is wanted after ", keyword});
    return leave_out();
  }
  if (family_ && family_->name == name && family_->has_samples) {
    error(line, {keyword, " of `", name, "` comes after its samples: put it before them"});
    return leave_out();
  }
  if (!family_ || family_->name != name) open_family(name);
  bool& is_known = keyword == "TYPE"   ? family_->has_type
                   : keyword == "HELP" ? family_->has_help
                                       : family_->has_unit;
  if (std::exchange(is_known, true)) {
    error(line, {"a second ", keyword, " for `", name, "`"});
    return leave_out();
  }
  if (keyword == "TYPE") set_type(rest);
  if (keyword == "UNIT" && !rest.empty()) check_unit(rest);
  if (keyword == "UNIT" || rest.empty()) return leave_out();
  pending_.push_back({keyword, rest});
}

void Converter::set_type(std::string_view type) {
  const TypeRule* rule = find_type(type);
  if (rule == nullptr && type == "untyped")
    return repair(Repair::untyped, type, "the type `untyped` is called `unknown` in OpenMetrics");
  if (rule == nullptr)
    return error(type,
                 {shown(type), " is not a type: OpenMetrics has counter, gauge, histogram, summary, info, ",
                  "stateset, gaugehistogram and unknown"});
  family_->type = rule;
  if (rule->exposition_type.empty())
    error(type,
          {"`", family_->name, "` is a gaugehistogram, for which neither the text format nor a Pushgateway ",
           "has a place: make it a gauge with a label for the bucket"});
}

void Converter::check_unit(std::string_view unit) {
  if (!family_->name.ends_with(concat({"_", unit})))
    error(unit, {"the name `", family_->name, "` must end in its unit, ", shown(concat({"_", unit}))});
}

void Converter::convert_sample(std::string_view line) {
  const std::optional<SampleLine> sample = split_sample(line);
  // check_exposition says what is wrong with it.
  if (!sample) return write_line(line);
  if (!enter_family_of(sample->name) || !check_value(sample->value) || !check_timestamp(sample->timestamp) ||
      !check_exemplar(sample->exemplar))
    return leave_out();
  if (sample->name.size() != family_->name.size() && sample->name.ends_with("_created")) {
    repair(Repair::created, sample->name,
           "`_created` series are left out: the text format cannot say what they mean");
    return leave_out();
  }
  const auto prefix_size = static_cast<std::size_t>(sample->value.data() - line.data());
  append_with_escapes(out_, line.substr(0, prefix_size), Escapes::label_value);
  out_.append(sample->value) += '\n';
}

void Converter::open_family(std::string_view name) {
  close_family();
  family_ = OpenFamily{.name = name, .first_line = line_.number};
  const auto [before, is_new] = family_lines_.try_emplace(std::string(name), line_.number);
  if (!is_new) refuse_apart(name, before->second);
}

void Converter::close_family() {
  write_pending();
  family_.reset();
}

/// False when the sample cannot be of any family; that has been reported.
bool Converter::enter_family_of(std::string_view sample_name) {
  if (!family_ || !belongs_to_family(sample_name)) {
    if (family_ && sample_name == family_->name && family_->type != &unknown_type) {
      refuse_bare_name(sample_name);
      return false;
    }
    open_family(sample_name);
  }
  if (family_->has_samples) return true;
  family_->has_samples = true;
  if (family_->type == &counter_type && family_->takes_suffix)
    report_once(Repair::counter_name, Severity::note, sample_name,
                "a counter's TYPE and HELP get the `_total` of its samples, as the text format has it");
  write_pending();
  claim_sample_names();
  return true;
}

bool Converter::belongs_to_family(std::string_view sample_name) {
  if (!sample_name.starts_with(family_->name)) return false;
  const std::string_view suffix = sample_name.substr(family_->name.size());
  const auto suffixes = family_->type->sample_suffixes();
  if (std::ranges::find(suffixes, suffix) != suffixes.end()) return true;
  if (family_->type != &counter_type || !suffix.empty() || !sample_name.ends_with("_total")) return false;
  family_->takes_suffix = false;
  repair(Repair::total_family, sample_name,
         "in OpenMetrics a counter's TYPE and HELP name it without `_total`");
  return true;
}

/// The same sample name cannot belong to two families, nor come up again after another family.
void Converter::claim_sample_names() {
  for (const std::string_view suffix : family_->type->sample_suffixes()) {
    const std::string name = concat({family_->name, suffix});
    const auto [before, is_new] = sample_lines_.try_emplace(name, family_->first_line);
    if (!is_new) refuse_apart(name, before->second);
  }
}

void Converter::refuse_bare_name(std::string_view name) {
  std::string names;
  for (const std::string_view suffix : family_->type->sample_suffixes())
    names += concat({names.empty() ? "`" : ", `", name, suffix, "`"});
  error(name, {"in OpenMetrics the samples of the ", family_->type->name, " `", name, "` are called ", names,
               "; for the text format say --from text"});
}

void Converter::refuse_apart(std::string_view name, std::size_t first_line) {
  if (std::exchange(family_->is_refused, true)) return;
  error(line_text_, {"`", name, "` belongs to the family that began in line ", std::to_string(first_line),
                     ": OpenMetrics wants all lines of a family together"});
}

bool Converter::check_value(std::string_view value) {
  const TypeRule& type = *family_->type;
  if (type.allows(value)) return true;
  error(value, {shown(value), " is not a value of the ", type.name, " `", family_->name,
                type.values == TypeRule::Values::one ? "`: it is always 1" : "`: each state is 1 or 0"});
  return false;
}

bool Converter::check_timestamp(std::string_view timestamp) {
  if (timestamp.empty()) return true;
  const bool is_number = is_exposition_number(timestamp);
  if (!is_number)
    error(timestamp, {shown(timestamp), " is not a timestamp"});
  else if (options_.timestamps == Timestamps::refuse)
    error(timestamp, {"a Pushgateway takes no timestamps: remove it, or use --strip-timestamps"});
  return is_number && options_.timestamps == Timestamps::strip;
}

bool Converter::check_exemplar(std::string_view exemplar) {
  if (exemplar.empty()) return true;
  if (!is_exemplar(exemplar)) {
    error(exemplar, {"an exemplar, `# {...} VALUE`, or the line's end is wanted here"});
    return false;
  }
  repair(Repair::exemplar, exemplar, "exemplars are left out: the text format has none");
  return true;
}

void Converter::write_line(std::string_view line) {
  if (family_ && !family_->has_samples)
    pending_.push_back({{}, line});
  else
    out_.append(line) += '\n';
}

void Converter::write_pending() {
  for (const auto& [keyword, text] : std::exchange(pending_, {})) {
    if (!keyword.empty())
      out_ += concat(
          {"# ", keyword, " ", family_->name, family_->takes_suffix ? family_->type->name_suffix : "", " "});
    if (keyword == "TYPE")
      out_ += family_->type->exposition_type;
    else if (keyword == "HELP")
      append_with_escapes(out_, text, Escapes::help);
    else
      out_ += text;
    out_ += '\n';
  }
}

void Converter::error(std::string_view place, std::initializer_list<std::string_view> message) {
  if (errors_++ < options_.limit) diagnostics_.push_back({Severity::error, line_.at(place), concat(message)});
}

void Converter::repair(Repair kind, std::string_view place, std::string_view message) {
  report_once(kind, options_.strictness == Strictness::strict ? Severity::error : Severity::note, place,
              message);
}

void Converter::report_once(Repair kind, Severity severity, std::string_view place,
                            std::string_view message) {
  if (told_.insert(kind).second) diagnostics_.push_back({severity, line_.at(place), std::string(message)});
}

bool is_blank(char c) { return c == ' ' || c == '\t'; }

/// Where a line had what is in this column of its conversion: blanks around it were removed, runs of blanks in
/// metadata became one, suffixes and backslashes were added, and backslashes of a HELP text removed.
std::size_t source_column(std::string_view source, std::string_view converted, std::size_t column) {
  std::size_t at = std::min(source.find_first_not_of(" \t"), source.size());
  for (std::size_t made = 0; made + 1 < column && made < converted.size() && at < source.size(); ++made) {
    const char c = converted[made];
    if (source[at] != c && source[at] == '\\' && source.substr(at + 1).starts_with(c)) ++at;
    if (source[at] == c) ++at;
    if (!is_blank(c) || (made + 1 < converted.size() && is_blank(converted[made + 1]))) continue;
    while (at < source.size() && is_blank(source[at])) ++at;
  }
  return at + 1;
}

/// `diagnostics` are about `converted`, by position.
void restore_columns(std::string_view source, std::string_view converted,
                     std::vector<Diagnostic>& diagnostics) {
  std::size_t line = 1;
  const auto next_line = [](std::string_view& text) {
    text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
  };
  for (Diagnostic& diagnostic : diagnostics) {
    for (; line < diagnostic.position.line && !source.empty() && !converted.empty(); ++line) {
      next_line(source);
      next_line(converted);
    }
    if (line != diagnostic.position.line) return;
    diagnostic.position.column =
        source_column(source.substr(0, source.find('\n')), converted.substr(0, converted.find('\n')),
                      diagnostic.position.column);
  }
}

std::size_t count_errors(const std::vector<Diagnostic>& diagnostics) {
  return static_cast<std::size_t>(std::ranges::count(diagnostics, Severity::error, &Diagnostic::severity));
}

/// By position, and of each severity no more than the limit.
std::vector<Diagnostic> merge(std::vector<Diagnostic> a, std::vector<Diagnostic> b, std::size_t limit) {
  std::ranges::move(b, std::back_inserter(a));
  std::ranges::stable_sort(a, {}, &Diagnostic::position);
  std::array<std::size_t, 3> counts{};
  std::erase_if(a, [&](const Diagnostic& each) {
    return ++counts.at(static_cast<std::size_t>(each.severity)) > limit;
  });
  return a;
}

}  // namespace

CheckResult check_openmetrics(std::string_view text, const CheckOptions& options) {
  Conversion conversion = Converter(text, options).convert();
  // What a strict Pushgateway takes beyond the canonical form, such as names in quotes, OpenMetrics 1.0
  // lacks.
  CheckOptions lenient = options;
  lenient.strictness = Strictness::lenient;
  CheckResult result = check_exposition(conversion.text, lenient);
  if (options.strictness == Strictness::strict)
    for (Diagnostic& diagnostic : result.diagnostics)
      if (diagnostic.severity == Severity::note) diagnostic.severity = Severity::error;
  restore_columns(text, conversion.text, result.diagnostics);
  const std::size_t errors = count_errors(conversion.diagnostics) + conversion.omitted_errors +
                             count_errors(result.diagnostics) + result.omitted_errors;
  result.diagnostics = merge(std::move(conversion.diagnostics), std::move(result.diagnostics), options.limit);
  result.omitted_errors = errors - count_errors(result.diagnostics);
  result.valid = errors == 0;
  result.canonical = false;
  if (!result.valid)
    result.repaired.reset();
  else if (!result.repaired)
    result.repaired = std::move(conversion.text);
  return result;
}

}  // namespace pushmetrics
