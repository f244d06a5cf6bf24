// A push that waits on disk: what is written reads back the same, and nothing else is taken for it. An input
// is such a file, whose checksum is put right here, or lines with target, job and labels, an empty line and
// the body.
#include "delivery/spool_entry.hpp"

#include "formats/exposition_parser.hpp"
#include "fuzz.hpp"
#include "support/text.hpp"

#include <zlib.h>

#include <array>
#include <cstdio>

using namespace pushmetrics;

namespace {

bool is_same(const SpoolEntry& a, const SpoolEntry& b) {
  return a.target == b.target && a.push.group == b.push.group && a.push.mode == b.push.mode &&
         a.push.body == b.push.body && a.push.when == b.push.when && a.families == b.families;
}

void require_read_back(const SpoolEntry& entry) {
  const std::string text = write_spool_entry(entry);
  const auto read = read_spool_entry(text);
  fuzz::require(read && is_same(*read, entry), "what was written is read back");
  for (const std::size_t length : {text.size() - 1, text.size() / 2, entry.push.body.size()})
    fuzz::require(!read_spool_entry(text.substr(0, length)), "what is cut short is no entry");
  std::string changed = text;
  char& byte = changed[entry.push.body.size() % changed.size()];
  byte = static_cast<char>(byte ^ 1);
  fuzz::require(!read_spool_entry(changed), "what was changed is no entry");
}

std::string with_checksum(std::string text) {
  constexpr std::string_view name = "\ncrc32 ";
  const std::size_t at = text.find(name);
  const std::size_t end = text.find("\n\n", at);
  if (at == std::string::npos || end == std::string::npos) return text;
  const std::string covered = text.substr(0, at + 1) + text.substr(end + 2);
  const auto sum = ::crc32_z(0, reinterpret_cast<const Bytef*>(covered.data()), covered.size());
  std::array<char, 9> digits{};
  std::snprintf(digits.data(), digits.size(), "%08lx", static_cast<unsigned long>(sum));
  const std::size_t start = at + name.size();
  return text.replace(start, end - start, digits.data());
}

void write_and_read(std::string_view text) {
  const std::size_t end = std::min(text.find("\n\n"), text.size());
  const auto lines = split(text.substr(0, end), "\n");
  if (lines.size() < 2) return;
  std::vector<Label> labels;
  for (std::size_t i = 2; i < lines.size(); ++i) {
    const std::size_t equals = std::min(lines[i].find('='), lines[i].size() - 1);
    labels.push_back({std::string(lines[i].substr(0, equals)), percent_decoded(lines[i].substr(equals + 1))});
  }
  const auto group = GroupingKey::make(percent_decoded(lines[1]), labels);
  const std::string body(text.substr(std::min(end + 2, text.size())));
  if (!group || !check_exposition(body, {.strictness = Strictness::strict}).canonical) return;
  const std::vector<std::string> names = family_names(body);
  std::vector<std::string> families;
  for (const Family& family : parse_families(body).families) families.push_back(family.name);
  fuzz::require(names == families, "the names are those of the body's families");
  const auto mode = labels.size() % 2 == 0 ? PushMode::add : PushMode::replace;
  const std::chrono::system_clock::time_point when(std::chrono::nanoseconds(1795414380367718123));
  require_read_back({std::string(lines[0]), {*group, mode, body, when}, names});
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text(data, size);
  if (!text.starts_with("pushmetrics-spool")) {
    write_and_read(text);
  } else if (const auto entry = read_spool_entry(with_checksum(std::string(text)))) {
    require_read_back(*entry);
  }
  return 0;
}
