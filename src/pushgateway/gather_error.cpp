#include "pushgateway/gather_error.hpp"

#include "support/text.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

namespace pushmetrics {
namespace {

/// Parses label pairs in protobuf's text format. Pushgateway 1.5.1 writes `label:<name:"job" value:"\377" >`,
/// 1.11 `label:{name:"job" value:"\xff"}`.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool skip(std::string_view word) {
    while (text_.starts_with(' ')) text_.remove_prefix(1);
    if (!text_.starts_with(word)) return false;
    text_.remove_prefix(word.size());
    return true;
  }

  std::optional<std::string> quoted() {
    if (!skip("\"")) return std::nullopt;
    std::string out;
    while (!text_.empty()) {
      const char c = take();
      if (c == '"') return out;
      out += c == '\\' ? escape() : c;
    }
    return std::nullopt;
  }

  std::optional<Label> label_pair() {
    if (!skip("label:") || !(skip("<") || skip("{")) || !skip("name:")) return std::nullopt;
    auto name = quoted();
    if (!name || !skip("value:")) return std::nullopt;
    auto value = quoted();
    if (!value || !(skip(">") || skip("}"))) return std::nullopt;
    return Label{std::move(*name), std::move(*value)};
  }

  std::string_view rest() const { return text_; }

 private:
  char take() {
    const char c = text_.empty() ? '\0' : text_.front();
    if (!text_.empty()) text_.remove_prefix(1);
    return c;
  }

  char escape() {
    const char c = take();
    switch (c) {
      case 'n': return '\n';
      case 'r': return '\r';
      case 't': return '\t';
      case 'x': return digits(16, 2);
      default: break;
    }
    if (c < '0' || c > '7') return c;
    text_ = {text_.data() - 1, text_.size() + 1};
    return digits(8, 3);
  }

  char digits(unsigned base, int most) {
    unsigned value = 0;
    for (; most > 0 && !text_.empty(); --most) {
      const char c = text_.front();
      const unsigned digit = c >= '0' && c <= '9'   ? static_cast<unsigned>(c - '0')
                             : c >= 'a' && c <= 'f' ? static_cast<unsigned>(c - 'a' + 10)
                             : c >= 'A' && c <= 'F' ? static_cast<unsigned>(c - 'A' + 10)
                                                    : base;
      if (digit >= base) break;
      value = value * base + digit;
      text_.remove_prefix(1);
    }
    return static_cast<char>(static_cast<unsigned char>(value));
  }

  std::string_view text_;
};

std::optional<GatherError> read_gather_error(std::string_view line) {
  Scanner scanner(line);
  if (!scanner.skip("*") || !scanner.skip("collected metric")) return std::nullopt;
  const auto name = scanner.quoted();
  if (name != "push_time_seconds" && name != "push_failure_time_seconds") return std::nullopt;
  if (!scanner.skip("{")) return std::nullopt;
  std::vector<Label> labels;
  while (auto label = scanner.label_pair()) labels.push_back(std::move(*label));
  GatherError complaint{GatherError::Kind::not_utf8, GroupLabels(std::move(labels))};
  if (complaint.labels.job().empty()) return std::nullopt;
  if (scanner.rest().find("was collected before") != std::string_view::npos)
    complaint.kind = GatherError::Kind::collides;
  else if (scanner.rest().find("not utf8") == std::string_view::npos)
    return std::nullopt;
  return complaint;
}

/// As Go's JSON encoder writes invalid UTF-8: U+FFFD for each byte.
std::string replaced(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::string_view character = next_character(text);
    text.remove_prefix(character.size());
    if (character.size() == 1 && static_cast<unsigned char>(character[0]) >= 0x80)
      out += "\xEF\xBF\xBD";
    else
      out += character;
  }
  return out;
}

GroupLabels replaced(const GroupLabels& labels) {
  std::vector<Label> out = labels.labels();
  for (Label& label : out) label.value = replaced(label.value);
  return GroupLabels(std::move(out));
}

}  // namespace

std::vector<GatherError> read_gather_errors(std::string_view text) {
  std::vector<GatherError> complaints;
  for (const std::string_view line : split(text, "\n")) {
    auto complaint = read_gather_error(line);
    if (!complaint) continue;
    const bool is_known = std::ranges::any_of(complaints, [&](const GatherError& other) {
      return other.kind == complaint->kind && other.labels == complaint->labels;
    });
    if (!is_known) complaints.push_back(std::move(*complaint));
  }
  return complaints;
}

void settle_unknown_bytes(std::vector<GroupSnapshot>& groups, std::vector<GatherError> complaints) {
  std::erase_if(complaints,
                [](const GatherError& complaint) { return complaint.kind != GatherError::Kind::not_utf8; });
  for (GroupSnapshot& group : groups) {
    if (group.name != GroupSnapshot::Name::unknown_bytes) continue;
    const bool has_instance = group.labels.value("instance").has_value();
    const GroupLabels shown = has_instance ? group.labels : group.labels.with({"instance", ""});
    const auto found = std::ranges::find_if(
        complaints, [&](const GatherError& complaint) { return replaced(complaint.labels) == shown; });
    if (found == complaints.end()) continue;
    group.labels = has_instance ? found->labels : found->labels.without("instance");
    group.name = GroupSnapshot::Name::exact;
    complaints.erase(found);
  }
}

}  // namespace pushmetrics
