#pragma once

#include "metrics/diagnostic.hpp"
#include "metrics/family.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Prometheus' text format 0.0.4, read as Pushgateway 1.11.2 reads it (PROTOCOL.md, "Text format 0.0.4").
/// Three ways to read, from the lowest to the highest: read_exposition (events, nothing allocated per
/// sample), check_exposition (the verdict on a whole body), parse_families (the model).
namespace pushmetrics {

class GroupingKey;

enum class Strictness {
  strict,  ///< exactly what Pushgateway takes
  lenient  ///< and what can be repaired: CRLF, BOM, white space at a line's end, no final newline, ...
};

enum class Timestamps { refuse, strip };

/// The names of labels that mean something to whoever checks a sample.
enum class LabelRole : std::uint8_t { none, le, quantile, job, instance };

/// One label of a sample, as slices of the text.
struct RawLabel {
  std::string_view name;
  std::string_view value;  ///< between the quotes, escapes as written; see unescape_label_value
  LabelRole role = LabelRole::none;
};

/// Where an event comes from.
struct ExpositionLine {
  std::size_t number = 1;
  const char* begin = nullptr;
  /// `part` is a slice of this line.
  Position at(std::string_view part) const {
    return {number, static_cast<std::size_t>(part.data() - begin) + 1};
  }
};

/// The slices live as long as the text, `labels` until the handler returns.
struct ExpositionSample {
  std::string_view name;
  std::span<const RawLabel> labels;
  std::string_view value;      ///< a valid number, as written; see sample_value
  std::string_view timestamp;  ///< milliseconds, a valid 64-bit number; empty if there is none
  /// Written `{"name",...}`, as from Pushgateway 1.11 on.
  bool name_in_braces = false;
  /// Some label may have a role.
  bool has_roles = false;
  /// The sample before, if that was good, has the same name.
  bool repeats_name = false;
  /// As many labels, from the first, are in the order of their names and without blanks: `a="1",b="2"`.
  std::size_t ordered_labels = 0;
};

/// A HELP or a TYPE line. Without a text it still makes the name known (as Pushgateway has it), no more.
struct ExpositionMetadata {
  enum class Kind { help, type };
  Kind kind = Kind::help;
  std::string_view name;
  std::string_view help;           ///< escapes as written; see unescape_help
  std::optional<MetricType> type;  ///< under Kind::type
};

/// Something that lenient reading puts right. Strict reading reports it, too, where it is good enough for
/// Pushgateway 1.11, but not for older ones.
struct ExpositionRepair {
  enum class Kind {
    byte_order_mark,
    carriage_return,
    trailing_space,
    final_newline,
    end_marker,  ///< OpenMetrics' `# EOF`
    quoted_name,
    help_escape,  ///< `\"` in a HELP text, which older Pushgateways refuse
    timestamp
  };
  Kind kind = Kind::final_newline;
  Position position;
  std::string_view replaced;  ///< a slice of the text
  std::string_view replacement;
};

/// Told what read_exposition finds, in the text's order.
class ExpositionHandler {
 public:
  enum class Next { go_on, stop };

  virtual ~ExpositionHandler() = default;
  virtual void on_metadata(const ExpositionLine&, const ExpositionMetadata&) {}
  virtual void on_sample(const ExpositionLine&, const ExpositionSample&) = 0;
  virtual void on_repair(const ExpositionRepair&) {}
  /// An error of syntax, which cost its line; reading goes on with the next.
  virtual Next on_error(Diagnostic) = 0;
};

/// Reads `text` in one pass. What needs more than one line to be judged (types, duplicates, timestamps) is
/// left to the handler. A label name given twice is an error here, but for `le` and `quantile`, whose
/// repetition Pushgateway allows in histograms and summaries.
void read_exposition(std::string_view text, Strictness, ExpositionHandler&);

/// The number that a sample's value stands for (ExpositionSample::value is always one).
double sample_value(std::string_view text);
std::string unescape_label_value(std::string_view raw);
std::string unescape_help(std::string_view raw);
/// The sample of the model.
Sample to_sample(const ExpositionSample& raw);

struct CheckOptions {
  Strictness strictness = Strictness::lenient;
  /// Under Strictness::lenient only.
  Timestamps timestamps = Timestamps::refuse;
  /// The group that it will be pushed to, where known: its labels replace the samples' own.
  const GroupingKey* group = nullptr;
  /// How it is reported that a family clashes with those that a Pushgateway has of its own; none: not at all, as
  /// for a text that may go elsewhere.
  std::optional<Severity> clash_with_gateway = {};
  /// As many errors are kept, and as many warnings; more are only counted.
  std::size_t limit = 20;
  /// Called after every megabyte or so with what has been read: of the text itself, or of what it was converted
  /// to. A mapping may drop that, so that the whole file does not stay in memory: it is read again only in places.
  std::function<void(std::string_view read)> on_progress = {};
};

struct CheckResult {
  /// By position; errors, warnings and notes.
  std::vector<Diagnostic> diagnostics;
  /// Those beyond CheckOptions::limit.
  std::size_t omitted_errors = 0;
  std::size_t omitted_warnings = 0;
  /// No error: a Pushgateway takes it (with the repairs), as far as that depends on the text alone.
  bool valid = true;
  /// Valid, and every 0.0.4 parser takes it as it stands, byte for byte.
  bool canonical = true;
  std::size_t samples = 0;
  /// Those that have samples.
  std::size_t families = 0;
  /// The canonical text, perhaps an empty one, when it is valid but something had to be repaired.
  std::optional<std::string> repaired;
};

/// Pushgateway's verdict on a whole body, its consistency check included, and a few refusals of our own for
/// what it takes but which harms others (each message says whom). Memory: eight bytes a series (up to a
/// factor of four for spare room), and what the families need.
CheckResult check_exposition(std::string_view text, const CheckOptions& = {});

struct ParsedFamilies {
  /// In the order of their first mention; only those that have samples.
  std::vector<Family> families;
  /// By position. Under parse_families, `families` is empty if there is an error.
  std::vector<Diagnostic> diagnostics;
  /// How many more errors and warnings there are than CheckOptions::limit.
  std::size_t omitted = 0;
};

/// The model of a text that check_exposition finds valid.
ParsedFamilies parse_families(std::string_view text, const CheckOptions& = {});

/// The model of lines that somebody appended one by one: an invalid line costs only itself and a warning; the last value of a series wins; HELP and TYPE may be repeated, the first counts.
ParsedFamilies parse_appended(std::string_view text, const CheckOptions& = {});

}  // namespace pushmetrics
