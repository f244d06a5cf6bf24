#include "delivery/spooled_pushes.hpp"

#include "support/text.hpp"

#include <algorithm>
#include <tuple>
#include <utility>
#include <variant>

namespace pushmetrics {

Result<SpooledPushes> SpooledPushes::find(const Spool& spool, const Filter& filter) {
  SpooledPushes found;
  auto folders = spool.folders(found.problems_);
  if (!folders) return folders.failure();
  found.folders_ = std::move(*folders);
  for (std::size_t folder = 0; folder < found.folders_.size(); ++folder) found.read(spool, folder, filter);
  std::ranges::sort(found.pushes_, [](const SpooledPush& a, const SpooledPush& b) {
    return std::tie(a.target, a.group, a.number) < std::tie(b.target, b.group, b.number);
  });
  return found;
}

void SpooledPushes::read(const Spool& spool, std::size_t folder, const Filter& filter) {
  const SpoolFolder& place = folders_[folder];
  const auto numbers = place.entries();
  if (!numbers) return problems_.push_back(numbers.error());
  for (const std::uint64_t number : *numbers) {
    auto read_entry = spool.read(place, number);
    if (auto* stored = std::get_if<StoredEntry>(&read_entry)) {
      SpoolEntry& entry = stored->entry;
      SpooledPush push{std::move(entry.target), GroupLabels(entry.push.group), entry.push.when, folder,
                       number};
      if (filter(push)) pushes_.push_back(std::move(push));
    } else if (const auto& error = std::get<EntryError>(read_entry); error.kind != EntryError::Kind::gone) {
      problems_.push_back(concat({place.path(), "/", entry_name(number), ": ", error.reason}));
    }
  }
}

void SpooledPushes::compact(const Spool& spool) const {
  for (const SpoolFolder& folder : folders_) folder.compact_log();
  static_cast<void>(spool.remove_mark());
}

}  // namespace pushmetrics
