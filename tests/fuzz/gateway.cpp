// What a gateway answers: in whatever pieces it comes it reads the same, and what is cut short is no list.
// And the globs of --match: a pattern of stars only matches all, and an escaped text itself.
#include "fuzz.hpp"
#include "pushgateway/gather_error.hpp"
#include "pushgateway/group_filter.hpp"
#include "pushgateway/group_list_parser.hpp"

#include <algorithm>
#include <string>

using namespace pushmetrics;

namespace {

Result<std::vector<GroupSnapshot>> read(std::string_view text, std::size_t piece) {
  GroupListParser answer(GroupQuery{});
  for (; !text.empty() && answer.take(text.substr(0, piece));
       text.remove_prefix(std::min(piece, text.size()))) {
  }
  return answer.finish();
}

std::string escaped(std::string_view text) {
  std::string pattern;
  for (const char c : text) (pattern += '\\') += c;
  return pattern;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text(data, size);
  const auto whole = read(text, std::string_view::npos);
  const auto pieces = read(text, 3);
  fuzz::require(static_cast<bool>(whole) == static_cast<bool>(pieces), "pieces do not matter");
  if (whole) {
    fuzz::require(whole->size() == pieces->size(), "pieces do not matter to the groups");
    const std::size_t end = text.rfind('}');
    fuzz::require(!read(text.substr(0, end), std::string_view::npos), "what is cut short is no list");
    for (const GroupSnapshot& group : *whole)
      fuzz::require(group.labels.url_path().starts_with("/metrics/job"), "every group has a path");
  }
  read_gather_errors(text);
  const std::size_t half = text.size() / 2;
  matches_glob(text.substr(0, half), text.substr(half));
  fuzz::require(matches_glob("**", text), "stars match all");
  bool is_ascii = true;
  for (const char c : text) is_ascii = is_ascii && static_cast<unsigned char>(c) < 0x80;
  if (is_ascii) fuzz::require(matches_glob(escaped(text), text), "what is escaped stands for itself");
  return 0;
}
