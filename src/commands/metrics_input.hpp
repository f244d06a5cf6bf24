#pragma once

#include "cli/console.hpp"
#include "cli/option_table.hpp"
#include "formats/json_input.hpp"
#include "metrics/diagnostic.hpp"
#include "metrics/family.hpp"
#include "metrics/grouping_key.hpp"
#include "support/file_text.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pushmetrics {

enum class InputFormat;

/// How metrics are read (pushmetrics(1), INPUT).
struct InputOptions {
  /// None: as it looks.
  std::optional<InputFormat> format;
  bool strict = false;
  bool strip_timestamps = false;
  std::vector<Family> metrics;

  enum class Lint { off, warn, refuse };
  Lint lint = Lint::off;
};

OptionGroup describe(InputOptions& options);

/// Says so when the metrics are about to be read from a terminal: a person who forgot the file waits otherwise.
void warn_of_terminal(const InputOptions& options, const std::vector<std::string>& files,
                      const Console& console);

/// One input as it was found to be.
struct CheckedInput {
  /// As in messages: the file's name, `<stdin>`, or `--metric`.
  std::string name;
  std::vector<Diagnostic> diagnostics;
  /// Those beyond the first 20 of their kind.
  std::size_t omitted_errors = 0;
  std::size_t omitted_warnings = 0;
  std::size_t samples = 0;
  std::size_t families = 0;
  bool valid = true;
};

/// All inputs of a command, to be pushed as one body.
class MetricsInput {
 public:
  /// Reads and checks; no files: standard input, unless there are metrics from the command line. `group`,
  /// where known, is what the body will be pushed to.
  MetricsInput(const InputOptions& options, const std::vector<std::string>& files, const GroupingKey* group);

  const std::vector<CheckedInput>& inputs() const { return inputs_; }
  bool valid() const;
  std::size_t samples() const;
  /// The canonical text of it all. Only when valid.
  std::string take_body() &&;
  /// `file:line:column: error: …`, one a line; at most 20 errors, and then how many more. Notes only with
  /// --verbose, no warnings with --quiet.
  std::string diagnostics(Verbosity verbosity) const;

 private:
  void read_file(const std::string& path);
  void add_metrics();
  void check_text(std::string_view text, const FileText* file);
  void check_together();

  struct Place {
    std::size_t input;
    Position position;
  };
  Place place_of(Position position) const;
  void name_own_line(Diagnostic& diagnostic) const;

  const InputOptions& options_;
  const GroupingKey* group_;
  std::vector<CheckedInput> inputs_;
  /// What `texts_` look into; nothing else, once all is read.
  std::vector<FileText> files_;
  std::vector<std::string> made_;
  /// An input in its canonical form.
  struct Text {
    std::string_view text;
    /// What it was made of, for places; its text has been taken.
    std::optional<JsonMetrics> json = {};
  };
  std::vector<Text> texts_;
};

}  // namespace pushmetrics
