// A file of the textfile directory, or of counts, that was there before; behind a zero byte what is pushed
// over it. What is written reads back the same, and a push replaces what it names and nothing else.
#include "formats/exposition_parser.hpp"
#include "fuzz.hpp"
#include "metrics/exposition_writer.hpp"
#include "run/count_file.hpp"
#include "sinks/textfile_contents.hpp"

#include <algorithm>

using namespace pushmetrics;

namespace {

using Families = std::vector<Family>;

const Family* find(const Families& families, std::string_view name) {
  const auto found = std::ranges::find(families, name, &Family::name);
  return found == families.end() ? nullptr : &*found;
}

bool is_same(const Family& a, const Family& b) {
  return write_exposition({&a, 1}) == write_exposition({&b, 1});
}

void try_merging(const Families& held, const Families& pushed) {
  Families merged = held;
  replace_families(merged, pushed);
  for (const Family& family : pushed)
    fuzz::require(find(merged, family.name) && is_same(*find(merged, family.name), family),
                  "what is pushed is there");
  std::size_t kept = 0;
  for (const Family& family : held) {
    if (find(pushed, family.name) != nullptr) continue;
    ++kept;
    fuzz::require(find(merged, family.name) && is_same(*find(merged, family.name), family),
                  "what else was there stays");
  }
  fuzz::require(merged.size() == kept + pushed.size(), "each name is there once");

  if (!neighbour_problem(pushed, held).empty()) return;
  SharedHelp help;
  help.add(held, SharedHelp::Author::other);
  Families fitted = pushed;
  help.apply_to(fitted);
  fuzz::require(!help.apply_to(fitted), "what has the shared HELP needs no other");
  for (const Family& family : fitted) {
    const Family* const other = find(held, family.name);
    fuzz::require(other == nullptr || (other->type == family.type && other->help == family.help),
                  "what fits has the neighbour's type and help");
  }
}

void try_file(std::string_view text) {
  auto contents = read_textfile_header(text);
  if (!contents) return;
  contents->families = parse_families(text).families;
  const std::string written = write_textfile(*contents);
  auto again = read_textfile_header(written);
  fuzz::require(again && again->labels == contents->labels && again->pushed == contents->pushed,
                "the header reads back");
  again->families = parse_families(written, {.strictness = Strictness::strict}).families;
  fuzz::require(write_textfile(*again) == written, "all reads back");
  fuzz::require(check_exposition(written, {.strictness = Strictness::strict}).canonical,
                "any reader takes it");
  fuzz::require(textfile_name(again->labels) == textfile_name(contents->labels) &&
                    textfile_name(again->labels).find('/') == std::string::npos,
                "its name is a file's");
}

void try_totals(std::string_view text) {
  constexpr std::string_view prefix = "job_";
  const auto contents = read_textfile_header(text);
  const auto kept = contents ? read_kept_totals(text, contents->labels, prefix) : std::nullopt;
  if (!kept) return;
  const auto as_text = [&](const RunTotals& totals) {
    return write_exposition(total_families(totals, prefix));
  };
  const RunTotals& totals = kept->known.all;
  RunTotals share;
  share.counts = counts_of(RunEnd::failure);
  const RunTotals more = followed_by(totals, share);
  if (totals.counts)
    fuzz::require(more.counts->runs() == totals.counts->runs() + 1 &&
                      merged(*totals.counts, *more.counts) == *more.counts &&
                      merged(*more.counts, *totals.counts) == *more.counts,
                  "no count falls");
  const std::string written = write_kept_totals(*kept, contents->labels, prefix);
  const auto read = read_kept_totals(written, contents->labels, prefix);
  fuzz::require(read && as_text(read->known.all) == as_text(totals) &&
                    as_text(read->known.here_only) == as_text(kept->known.here_only) &&
                    read->counted == kept->counted,
                "totals read back");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text(data, size);
  const std::size_t end = std::min(text.find('\0'), text.size());
  try_file(text.substr(0, end));
  try_totals(text.substr(0, end));
  if (end < text.size())
    try_merging(parse_families(text.substr(0, end)).families, parse_families(text.substr(end + 1)).families);
  return 0;
}
