#include "delivery/spool_entry.hpp"

#include "delivery/record_text.hpp"
#include "formats/exposition_parser.hpp"
#include "metrics/family_table.hpp"
#include "support/text.hpp"

#include <optional>
#include <utility>

namespace pushmetrics {
namespace {

constexpr std::string_view first_line = "pushmetrics-spool 1\n";

class FamilyNames : public ExpositionHandler {
 public:
  void on_metadata(const ExpositionLine&, const ExpositionMetadata& metadata) override {
    FamilyEntry& family = *families_.find_or_add(metadata.name).family;
    if (metadata.type) family.type = *metadata.type;
  }
  void on_sample(const ExpositionLine& line, const ExpositionSample& sample) override {
    families_.find_or_add(sample.name).family->first_sample_line = line.number;
  }
  Next on_error(Diagnostic) override { return Next::go_on; }

  std::vector<std::string> take() {
    std::vector<std::string> names;
    for (const FamilyEntry& family : families_.entries())
      if (family.has_samples()) names.emplace_back(family.name);
    return names;
  }

 private:
  FamilyTable families_;
};

}  // namespace

std::string write_spool_entry(const SpoolEntry& entry) {
  const GroupingKey& group = entry.push.group;
  std::string head =
      concat({first_line, "target ", entry.target, "\njob ", percent_encoded(group.job()), "\n"});
  head.append(label_lines(group.labels()));
  head.append(entry.push.mode == PushMode::replace ? "mode replace\n" : "mode add\n");
  const auto time = std::chrono::duration_cast<std::chrono::nanoseconds>(entry.push.when.time_since_epoch());
  head.append(concat({"time ", std::to_string(time.count()), "\nfamilies"}));
  for (const std::string& family : entry.families) head.append(" ").append(family);
  head.append(concat({"\nlength ", std::to_string(entry.push.body.size()), "\n"}));
  return concat({head, "crc32 ", checksum(head, entry.push.body), "\n\n", entry.push.body});
}

bool looks_like_spool_entry(std::string_view text) { return text.starts_with("pushmetrics-spool "); }

Result<SpoolEntry> read_spool_entry(std::string_view text) {
  const std::string_view whole = text;
  if (!looks_like_spool_entry(text)) return Failure{"it is not a push that waits"};
  if (!text.starts_with(first_line)) return Failure{"it is of a later version of pushmetrics"};
  text.remove_prefix(first_line.size());
  const Failure damaged{"it is damaged"};

  const auto target = take_line(text, "target");
  const auto job = take_line(text, "job");
  std::vector<Label> labels = take_labels(text);
  const auto mode = take_line(text, "mode");
  const auto time = to_number<long long>(take_line(text, "time"));
  const auto families = take_line(text, "families");
  const auto length = to_number<std::size_t>(take_line(text, "length"));
  const std::string_view head = whole.substr(0, static_cast<std::size_t>(text.data() - whole.data()));
  const auto sum = take_line(text, "crc32");
  if (!target || !job || !mode || !time || !families || !length || !sum || !text.starts_with('\n'))
    return damaged;
  text.remove_prefix(1);
  if (text.size() < *length) return Failure{"it is cut short"};
  if (text.size() != *length || checksum(head, text) != *sum) return damaged;
  auto group = GroupingKey::make(percent_decoded(*job), std::move(labels));
  if (!group || (*mode != "add" && *mode != "replace")) return damaged;

  const auto names = split(*families, " ");
  const std::chrono::system_clock::time_point when(
      std::chrono::duration_cast<std::chrono::system_clock::duration>(std::chrono::nanoseconds(*time)));
  return SpoolEntry{
      std::string(*target),
      {std::move(*group), *mode == "replace" ? PushMode::replace : PushMode::add, std::string(text), when},
      {names.begin(), names.end()}};
}

std::vector<std::string> family_names(std::string_view body) {
  FamilyNames collector;
  read_exposition(body, Strictness::strict, collector);
  return collector.take();
}

}  // namespace pushmetrics
