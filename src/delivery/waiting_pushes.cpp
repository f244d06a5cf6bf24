#include "delivery/waiting_pushes.hpp"

#include "support/text.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace pushmetrics {
namespace {

/// More are only counted: a spool may hold a hundred thousand.
constexpr std::size_t most_reported = 20;

std::string describe(const StoredEntry& stored) {
  const Push& push = stored.entry.push;
  const Duration waited = std::chrono::system_clock::now() - push.when;  // a clock may be set back
  return concat({"job '", printable(push.group.job()), "': a push that waited ",
                 format_duration(std::max(waited, Duration::zero()))});
}

}  // namespace

std::optional<StoredEntry> WaitingPushes::read(std::uint64_t number) {
  auto read_entry = spool_.read(folder_, number);
  const auto at = [&](const std::string& reason) {
    return concat({folder_.path(), "/", entry_name(number), ": ", reason});
  };
  if (auto* stored = std::get_if<StoredEntry>(&read_entry)) {
    if (stored->entry.target != target_.name) {
      report(SpoolNotice::problem,
             at(concat({"it is for another target, ", printable(stored->entry.target)})));
      return std::nullopt;
    }
    const Duration limit = spool_.limits().max_age;
    if (std::chrono::system_clock::now() - stored->written <= limit) return std::move(*stored);
    report(SpoolNotice::discarded, concat({describe(*stored), " for ", target_.name,
                                           " was discarded: it is older than ", format_duration(limit)}));
    remove(number, *stored);
    return std::nullopt;
  }
  const auto& error = std::get<EntryError>(read_entry);
  switch (error.kind) {
    case EntryError::Kind::gone:
      ++settled_;
      static_cast<void>(folder_.remove(number));  // it may be one that could only be emptied
      break;
    case EntryError::Kind::damaged:
      ++settled_;
      report(SpoolNotice::discarded, Spool::set_aside(folder_, number, error.reason));
      break;
    case EntryError::Kind::exhausted: exhausted_ = at(error.reason); break;
    case EntryError::Kind::foreign:
    case EntryError::Kind::unreadable: report(SpoolNotice::problem, at(error.reason)); break;
  }
  return std::nullopt;
}

void WaitingPushes::settle(std::uint64_t number, const StoredEntry& stored, const DeliveryResult& result) {
  if (result.last_attempt.may_go_later()) {
    folder_.log().append(
        {.number = number, .group = Spool::group_hash(stored.entry.push.group), .has_failed = true});
    return report(SpoolNotice::stays,
                  concat({describe(stored), " still waits: ", result.describe_with_hint()}));
  }
  if (result.delivered())
    report(SpoolNotice::delivered, concat({describe(stored), " was delivered to ", target_.name}));
  else
    report(SpoolNotice::discarded,
           concat({describe(stored), " was discarded: ", result.describe_with_hint()}));
  remove(number, stored);
}

void WaitingPushes::keep_rest(std::uint64_t number, const StoredEntry& stored, const DeliveryResult& result) {
  if (result.rest == nullptr) return;
  const SpoolEntry entry{stored.entry.target, *result.rest, family_names(result.rest->body)};
  if (const auto written = folder_.replace(number, write_spool_entry(entry)); !written)
    report(SpoolNotice::problem,
           concat({describe(stored), " for ", target_.name,
                   " has arrived in part, which may be delivered again: ", written.error()}));
}

void WaitingPushes::remove(std::uint64_t number, const StoredEntry& stored) {
  ++settled_;
  if (const auto removed = folder_.remove(number); !removed)
    report(SpoolNotice::problem,
           concat({describe(stored), " for ", target_.name,
                   " cannot be removed, and may be delivered again: ", removed.error()}));
}

void WaitingPushes::report(SpoolNotice notice, const std::string& sentence) {
  if (notice == SpoolNotice::delivered || ++reported_[notice] <= most_reported) listener_(notice, sentence);
}

void WaitingPushes::report_rest() const {
  for (const auto& [notice, count] : reported_)
    if (count > most_reported)
      listener_(notice,
                concat({target_.name, ": ", std::to_string(count - most_reported), " more like these"}));
}

}  // namespace pushmetrics
